import fs from 'node:fs';
import path from 'node:path';
import { typed } from '../../clients/notes.ts';
import { isWritable } from './search-path.ts';

/** The command that moves a file out of the way, to a name that nothing has: nothing is ever lost by it. */
export function setAside(file: string): string {
  return `${sudoFor(path.dirname(file))}mv ${typed(file)} ${typed(freeName(file))}`;
}

function freeName(file: string): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? `${file}.old` : `${file}.old-${count}`;
    if (fs.lstatSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
}

export function sudoFor(place: string): string {
  return isWritable(place) ? '' : 'sudo ';
}
