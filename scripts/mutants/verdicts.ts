import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Mutant } from './make-mutants.ts';
import type { Verdict } from './worker.ts';

/** Verdicts of earlier runs, so that an interrupted run continues, and survivors can be retried alone. */
export interface Verdicts {
  /** Returns how this mutant of the same source file was killed; survivors are tried again. */
  readonly earlier: (mutant: Mutant) => Verdict | undefined;
  readonly add: (mutant: Mutant, verdict: Verdict) => void;
}

interface Entry {
  readonly key: string;
  readonly verdict: Verdict;
}

/** Opens a file with a line of JSON for each verdict. Several runs may append to it. */
export function openVerdicts(file: string): Verdicts {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const entries = text.split('\n').filter((line) => line.endsWith('}'));
  const known = new Map<string, Verdict>();
  for (const { key, verdict } of entries.map((line): Entry => JSON.parse(line))) {
    if (verdict !== 'survived') known.set(key, verdict);
  }
  return {
    earlier: (mutant) => known.get(keyOf(mutant)),
    add: (mutant, verdict) => {
      fs.appendFileSync(file, `${JSON.stringify({ key: keyOf(mutant), verdict })}\n`);
    },
  };
}

/** A change of the source file makes other mutants; a change of the tests does not. */
function keyOf({ file, source }: Mutant): string {
  return crypto.createHash('sha256').update(`${file}\n${source}`).digest('hex');
}
