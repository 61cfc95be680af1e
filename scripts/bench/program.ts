import { spawnSync } from 'node:child_process';
import { withPipe } from './pipe.ts';

/** A program as a client would start it, and what it has to answer for a measurement to count. */
export interface Program {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** The text on its standard input. */
  readonly input: string;
  /** The whole environment: nothing of the person's who measures. */
  readonly env: Readonly<Record<string, string>>;
  /** What its standard output begins with. */
  readonly answers: string;
  readonly status: number;
  /** It starts no other process, so that its own instructions are all there is to count. */
  readonly alone?: boolean;
}

/** Runs it once and returns the milliseconds from before its start to after its end. */
export function time({ file, args, input, env }: Program): number {
  return withPipe(input, (stdin) => {
    const start = performance.now();
    spawnSync(file, args, { stdio: [stdin, 'pipe', 'pipe'], env, cwd: '/', maxBuffer });
    return performance.now() - start;
  });
}

/** A program that fails is fast: what is measured has to give its answer. */
export function check({ name, file, args, input, env, answers, status }: Program): void {
  const ended = spawnSync(file, args, { input, env, cwd: '/', encoding: 'utf8', maxBuffer });
  if (ended.status === status && ended.stdout.startsWith(answers)) return;
  throw new Error(
    `${name} ended with ${ended.status ?? ended.error}: ${ended.stderr || ended.stdout}`,
  );
}

const maxBuffer = 16 * 1024 ** 2;
