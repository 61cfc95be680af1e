import { atOnce, iamTakes } from './flight.ts';
import type { Timing } from './rounds.ts';
import { table } from './table.ts';
import { type Judged, judge } from './targets.ts';

/** What a run of the benchmarks measured. */
export interface Measured extends Judged {
  /** Where and with what, one line each. */
  readonly machine: readonly string[];
  readonly rounds: number;
  readonly notInstalled: readonly string[];
  readonly listRounds: number;
  readonly lists: readonly Timing[];
}

/** The whole of docs/benchmarks.md. */
export function report(measured: Measured): string {
  const { machine, rounds, gets, notInstalled, listRounds, lists, flight } = measured;
  return [
    '# Benchmarks',
    'Written by `make bench`, every number and every word. What was tried to make it faster, and what came of it: [benchmarks-tried.md](benchmarks-tried.md). Size, start and memory of each target, and what was tried to make them smaller: [benchmarks-targets.md](benchmarks-targets.md).',
    machine.map((line) => `- ${line}`).join('\n'),
    '## Targets',
    table(['target', 'measured', 'limit', 'verdict'], judge(measured)),
    '## One call',
    `Whole processes, from before the start to after the end, in milliseconds: ${rounds} rounds, each program once a round. Memory is the resident set at its peak; instructions are counted outside the kernel, and do not depend on what else the machine does.`,
    table(
      ['program', 'min', 'median', '× empty', 'peak MiB', '× empty', 'M instructions'],
      [...callRows(gets), ...notInstalled.map((name) => [name, 'not installed'])],
    ),
    '## A long list',
    `${listRounds} rounds, milliseconds.`,
    table(['call', 'min', 'median'], lists.map(timingCells)),
    '## Many at once',
    `${atOnce} \`get\`s of one identity that is presented as an access token, none in the cache, IAM on loopback answering after ${iamTakes} ms: milliseconds until the last has its answer.`,
    table(
      ['', 'min', 'median', 'requests at IAM'],
      [[`${atOnce} at once`, ...cells(flight), String(flight.requests)]],
    ),
    '',
  ].join('\n\n');
}

function callRows(gets: readonly Timing[]): string[][] {
  const [empty] = gets;
  return gets.map((timing) => [
    ...timingCells(timing),
    ratio(timing.median, empty?.median),
    timing.memory === undefined ? '' : (timing.memory / 1024).toFixed(1),
    ratio(timing.memory, empty?.memory),
    timing.instructions === undefined ? '' : (timing.instructions / 1e6).toFixed(2),
  ]);
}

function timingCells(timing: Timing): string[] {
  return [timing.program.name, ...cells(timing)];
}

function cells({ min, median }: { readonly min: number; readonly median: number }): string[] {
  return [min, median].map((value) => value.toFixed(value < 100 ? 2 : 0));
}

function ratio(value: number | undefined, base: number | undefined): string {
  return value === undefined || base === undefined ? '' : (value / base).toFixed(2);
}
