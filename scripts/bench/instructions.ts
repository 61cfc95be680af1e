import { spawnSync } from 'node:child_process';
import { findProgram } from './find-program.ts';
import type { Program } from './program.ts';

/**
 * Returns the number of instructions that a program runs in user mode, counted by valgrind: it varies by less than one
 * percent with the load of the machine. Returns undefined if valgrind is not installed.
 */
export function countInstructions({ file, args, input, env }: Program): number | undefined {
  const valgrind = findProgram('valgrind');
  if (valgrind === undefined) return undefined;
  const words = ['--tool=callgrind', '--callgrind-out-file=/dev/null', file, ...args];
  const { stderr } = spawnSync(valgrind, words, { input, env, encoding: 'utf8' });
  const [, count] = stderr.match(/Collected : (\d+)/) ?? [];
  return count === undefined ? undefined : Number(count);
}
