import { spawnSync } from 'node:child_process';
import { findProgram } from './find-program.ts';
import type { Program } from './program.ts';

/** A program under valgrind is so slow that timers of the runtime expire, in some runs: their work is not the program's. */
const runs = 5;

/**
 * Returns the number of instructions that a program runs in user mode, counted by valgrind: the least of several runs.
 * Returns undefined if valgrind is not installed.
 */
export function countInstructions({ file, args, input, env }: Program): number | undefined {
  const valgrind = findProgram('valgrind');
  if (valgrind === undefined) return undefined;
  const words = ['--tool=callgrind', '--callgrind-out-file=/dev/null', file, ...args];
  const counts = Array.from({ length: runs }, () => {
    const { stderr } = spawnSync(valgrind, words, { input, env, encoding: 'utf8' });
    return Number(stderr.match(/Collected : (\d+)/)?.[1] ?? Number.NaN);
  });
  const least = Math.min(...counts);
  return Number.isNaN(least) ? undefined : least;
}
