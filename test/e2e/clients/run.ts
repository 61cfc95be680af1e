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
  /** The standard input; empty by default. */
  readonly input?: string;
  /** Kills the program if it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

// A client that waits forever must not block all tests.
const timeoutMs = 60_000;

/** Runs a program and waits for its exit. It is asynchronous, because the simulator runs in this process. */
export async function run(words: readonly string[], options: RunOptions): Promise<Outcome> {
  const [program = '', ...args] = words;
  if (args.some((word) => word.includes('canary'))) {
    throw new Error(`a secret on the command line: ${words.join(' ')}`);
  }
  const { cwd, env, input = '', signal } = options;
  const child = spawn(program, args, { cwd, env, killSignal: 'SIGKILL', signal });
  // Ignores EPIPE from a program that exits without reading its input: its output is what counts.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const { status, ...output } = await collect(child, timeoutMs);
  return { code: status, ...output };
}

/** Returns the whole output of a program. */
export function said({ stdout, stderr }: Outcome): string {
  return `${stdout}${stderr}`;
}
