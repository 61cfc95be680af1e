import fs from 'node:fs';
import path from 'node:path';
import type { Mutant } from './make-mutants.ts';

/** Mutants that no test can kill, because the program does the same as before. */
export interface Ignored {
  readonly file: string;
  /** The line as it is in the source, without the spaces around it. */
  readonly original: string;
  /** The line as the mutant has it; without this, every mutant of the line is meant. */
  readonly mutated?: string | undefined;
  readonly why: string;
}

/** Parses the list of equivalent mutants, whose form is described at its beginning. */
export function parseIgnored(text: string): Ignored[] {
  const rows: Ignored[] = [];
  let [file, original] = ['', ''];
  let mutated: string | undefined;
  for (const line of text.split('\n')) {
    const [sign, rest] = [line.slice(0, 2), line.slice(2)];
    if (line.startsWith('src/')) file = line;
    if (sign === '- ') [original, mutated] = [rest, undefined];
    if (sign === '+ ') mutated = rest;
    if (sign === '= ') rows.push({ file, original, mutated, why: rest });
  }
  return rows;
}

const list = path.join(import.meta.dirname, 'ignored.txt');

export const ignored: readonly Ignored[] = parseIgnored(fs.readFileSync(list, 'utf8'));

export function isIgnored(row: Ignored, { file, original, mutated }: Mutant): boolean {
  return (
    row.file === file &&
    row.original === original &&
    (row.mutated === undefined || row.mutated === mutated)
  );
}
