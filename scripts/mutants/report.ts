import type { Mutant } from './make-mutants.ts';
import type { Verdict } from './worker.ts';

export interface Result {
  readonly mutant: Mutant;
  readonly verdict: Verdict | 'ignored';
}

/** The figures of one group of modules. */
export interface Row {
  readonly name: string;
  readonly results: readonly Result[];
  /** Timeouts included. */
  readonly killed: number;
  readonly timeouts: number;
  readonly survived: number;
  readonly ignored: number;
  /** Of the mutants that are not ignored. */
  readonly percent: number;
}

export function rowOf(name: string, results: readonly Result[]): Row {
  const count = (verdict: Result['verdict']) =>
    results.filter((result) => result.verdict === verdict).length;
  const timeouts = count('timeout');
  const killed = count('killed') + timeouts;
  const survived = count('survived');
  const percent = killed + survived === 0 ? 100 : (100 * killed) / (killed + survived);
  return { name, results, killed, timeouts, survived, ignored: count('ignored'), percent };
}

export function formatShare({ killed, survived, ignored, percent }: Row): string {
  return `${percent.toFixed(1)} % killed (${killed} of ${killed + survived}; ${ignored} equivalent)`;
}

/** Returns the section of docs/reliability.md. */
export function reportRows(rows: readonly Row[], total: Row): string {
  const table = [...rows, total].map(
    ({ name, killed, timeouts, survived, ignored, percent }) =>
      `| ${name} | ${killed + survived} | ${killed} | ${timeouts} | ${survived} | ${ignored} | ${percent.toFixed(1)} % |`,
  );
  return [
    `Written by \`make mutants\` on ${new Date().toISOString().slice(0, 10)}. Each mutant is one change of an operator, a condition, a literal or a statement in a module that decides trust or holds secrets. It is killed if a test of the module fails or does not end. Equivalent mutants, which behave like the original, are listed with the reason in \`scripts/mutants/ignored.ts\` and not counted.`,
    [
      '| modules | mutants | killed | of these by timeout | survived | equivalent | killed |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...table,
    ].join('\n'),
  ].join('\n\n');
}
