import { spawnSync } from 'node:child_process';
import { withPipe } from './pipe.ts';

/** A program as a client starts it, and the result that it must have for a measurement to count. */
export interface Program {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** The text on its standard input. */
  readonly input: string;
  /** The whole environment, without the caller's variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The expected beginning of standard output. */
  readonly outputPrefix: string;
  readonly status: number;
  /** The program starts no other process, so that counting its own instructions is sufficient. */
  readonly isSingleProcess?: boolean;
}

/** Runs the program once and returns the time from start to exit. */
export function time({ file, args, input, env }: Program): number {
  return withPipe(input, (stdin) => {
    const start = performance.now();
    spawnSync(file, args, { stdio: [stdin, 'pipe', 'pipe'], env, cwd: '/', maxBuffer });
    return performance.now() - start;
  });
}

/** Throws if the program's result is wrong: a program that fails early would seem fast. */
export function check({ name, file, args, input, env, outputPrefix, status }: Program): void {
  const ended = spawnSync(file, args, { input, env, cwd: '/', encoding: 'utf8', maxBuffer });
  if (ended.status === status && ended.stdout.startsWith(outputPrefix)) return;
  throw new Error(
    `${name} ended with ${ended.status ?? ended.error}: ${ended.stderr || ended.stdout}`,
  );
}

const maxBuffer = 16 * 1024 ** 2;
