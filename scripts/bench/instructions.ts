import { spawnSync } from 'node:child_process';
import { findProgram } from './find-program.ts';
import type { Program } from './program.ts';

/**
 * How many instructions a program runs outside the kernel, as valgrind counts them: the same on a busy
 * machine as on an idle one, to a percent. `undefined` without valgrind.
 */
export function countInstructions({ file, args, input, env }: Program): number | undefined {
  const valgrind = findProgram('valgrind');
  if (valgrind === undefined) return undefined;
  const words = ['--tool=callgrind', '--callgrind-out-file=/dev/null', file, ...args];
  const { stderr } = spawnSync(valgrind, words, { input, env, encoding: 'utf8' });
  const [, count] = stderr.match(/Collected : (\d+)/) ?? [];
  return count === undefined ? undefined : Number(count);
}
