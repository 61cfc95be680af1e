import fs from 'node:fs';
import path from 'node:path';
import { executable } from '../build.ts';
import { storedHome } from './own.ts';
import type { Program } from './program.ts';

export const sizes = [10, 1000, 10_000];

/** `list` of that many credentials, each a copy of one that the helper itself stored. */
export function listProgram(folder: string, size: number): Program {
  const parent = path.join(folder, `list-${size}`);
  fs.mkdirSync(parent);
  const { folder: home, env } = storedHome(parent);
  const names = fs.readdirSync(home, { recursive: true, encoding: 'utf8' });
  const first = names.find((name) => name.endsWith('.json'));
  if (first === undefined) throw new Error('no credential was stored');
  const file = path.join(home, first);
  for (let i = 1; i < size; i++) {
    fs.copyFileSync(file, path.join(path.dirname(file), `n${i}.${path.basename(file)}`));
  }
  const name = `list, ${size.toLocaleString('en')} credentials`;
  return { name, file: executable, args: ['list'], input: '', env, answers: '{"', status: 0 };
}
