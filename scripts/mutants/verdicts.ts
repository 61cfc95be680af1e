import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Mutant } from './make-mutants.ts';
import type { Verdict } from './worker.ts';

/** Results of earlier runs, so that an interrupted run continues, and survivors can be retried alone. */
export interface Verdicts {
  /** Returns how and when this mutant of the same source file was killed; survivors are tried again. */
  readonly earlier: (mutant: Mutant) => Entry | undefined;
  readonly add: (mutant: Mutant, verdict: Verdict) => Entry;
}

export interface Entry {
  readonly verdict: Verdict;
  /** ISO 8601, in UTC. */
  readonly date: string;
}

/** Opens a file with a line of JSON for each verdict. Several runs may append to it. */
export function openVerdicts(file: string, date = new Date().toISOString().slice(0, 10)): Verdicts {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const lines = text.split('\n').filter((line) => line !== '');
  const killed = new Map<string, Entry>();
  for (const { key, ...entry } of lines.map((line): Entry & { key: string } => JSON.parse(line))) {
    if (entry.verdict !== 'survived') killed.set(key, entry);
  }
  return {
    earlier: (mutant) => killed.get(keyOf(mutant)),
    add: (mutant, verdict) => {
      fs.appendFileSync(file, `${JSON.stringify({ key: keyOf(mutant), verdict, date })}\n`);
      return { verdict, date };
    },
  };
}

/** A change of the source file makes other mutants; a change of the tests does not. */
function keyOf({ file, source }: Mutant): string {
  return crypto.createHash('sha256').update(`${file}\n${source}`).digest('hex');
}
