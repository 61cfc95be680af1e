import { spawn } from 'node:child_process';
import { collect } from '../../support/helper.ts';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What is typed or piped; without it standard input is at its end at once. */
  readonly input?: string;
  /** Kills it. */
  readonly signal?: AbortSignal | undefined;
}

// A client that waits for something it will not get must not eat the whole run.
const timeLimit = 60_000;

/** Runs a program to its end. It must not block this process: the sandbox answers from here. */
export async function run(words: readonly string[], options: RunOptions): Promise<Outcome> {
  const [program = '', ...args] = words;
  if (args.some((word) => word.includes('canary'))) {
    throw new Error(`a secret on the command line: ${words.join(' ')}`);
  }
  const { cwd, env, input = '', signal } = options;
  const child = spawn(program, args, { cwd, env, killSignal: 'SIGKILL', signal });
  // A program that ends without reading its input is judged by what it says, not by EPIPE.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const { status, ...output } = await collect(child, timeLimit);
  return { code: status, ...output };
}

/** All that a program said, for assertions and for people. */
export function said({ stdout, stderr }: Outcome): string {
  return `${stdout}${stderr}`;
}
