import fs from 'node:fs';
import type { Context } from '../../context.ts';
import { isExecutable, programPaths } from '../../files/executables.ts';

/** A file that clients may find by the name of a program. */
export interface Program {
  readonly file: string;
  readonly state: 'executable' | 'not executable' | 'link to nothing';
  /** The same for two names of one file; empty where there is none. */
  readonly identity: string;
}

/** What has that name on `PATH`, in its order; each file once, however many folders lead to it. */
export function programsNamed(context: Context, name: string): Program[] {
  const found = programPaths(context, name).flatMap((file) => programAt(file) ?? []);
  return found.filter(
    ({ identity }, index) =>
      identity === '' || found.findIndex((other) => other.identity === identity) === index,
  );
}

function programAt(file: string): Program | undefined {
  const stat = statOf(file);
  if (stat === undefined) {
    return isLink(file) ? { file, state: 'link to nothing', identity: '' } : undefined;
  }
  if (!stat.isFile()) return undefined;
  return { file, state: isExecutable(file) ? 'executable' : 'not executable', identity: id(stat) };
}

/** `undefined` where there is no file, or none that we may see. */
function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

function isLink(file: string): boolean {
  try {
    return fs.lstatSync(file).isSymbolicLink();
  } catch {
    // There is nothing, or it is in a folder that we may not enter.
    return false;
  }
}

/** What tells two files apart, whatever they are called. */
export function identityOf(file: string): string | undefined {
  const stat = statOf(file);
  return stat === undefined ? undefined : id(stat);
}

function id({ dev, ino }: fs.Stats): string {
  return `${dev}:${ino}`;
}

export function isWritable(place: string): boolean {
  try {
    fs.accessSync(place, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
