import { type ChildProcess, type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { executable } from '../../scripts/build.ts';
import type { Home } from './home.ts';

export { executable };

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** `null` if a signal killed the process, for example after the timeout. */
  readonly status: number | null;
}

export interface CallOptions {
  /** Variables in addition to `HOME` and `PATH`; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** A call takes about ten milliseconds, but one that waits for its own timeout on a busy machine takes much longer. */
const defaultTimeoutMs = 60_000;

/** Calls the executable like a client: with a verb, and a text on standard input. */
export function helper(
  home: Home,
  words: string | readonly string[],
  input: string | Buffer = '',
  { env, cwd = home.folder }: CallOptions = {},
): Outcome {
  return run([executable, ...[words].flat()], { input, cwd, env: { ...home.env, ...env } });
}

/** Calls the executable without root's capabilities, which bypass file modes. */
export function unprivilegedHelper(
  home: Home,
  words: string | readonly string[],
  input: string,
  env: CallOptions['env'] = {},
): Outcome {
  const isRoot = process.getuid?.() === 0;
  const command = isRoot ? ['setpriv', '--bounding-set', '-all', executable] : [executable];
  return run([...command, ...[words].flat()], { input, env: { ...home.env, ...env } });
}

function run([program = '', ...words]: readonly string[], options: SpawnSyncOptions): Outcome {
  const { stdout, stderr, status } = spawnSync(program, words, {
    ...options,
    encoding: 'utf8',
    timeout: defaultTimeoutMs,
  });
  return { stdout, stderr, status };
}

/** Does the same as `helper` without waiting, for parallel calls. Standard input is a socket instead of a file. */
export function startHelper(
  home: Home,
  words: string | readonly string[],
  input?: string | Buffer,
  { env, cwd = home.folder }: CallOptions = {},
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = spawn(executable, [words].flat(), { cwd, env: { ...home.env, ...env } });
  if (input !== undefined) child.stdin.end(input);
  // If the helper rejects its input, it does not read all of it.
  child.stdin.on('error', () => {});
  return { child, outcome: collect(child) };
}

/**
 * Returns the output and the status of a process with piped output. Kills it after the timeout. If it was killed by the timeout
 * or has crashed, standard error ends with the reason.
 */
export function collect(child: ChildProcess, timeoutMs = defaultTimeoutMs): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => {
    stderr += `(killed by the test after ${timeoutMs / 1000} s)`;
    child.kill('SIGKILL');
  }, timeoutMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const hasCrashed = signal !== null && signal !== 'SIGKILL' && !child.killed;
      if (hasCrashed) stderr += `(ended by ${signal})`;
      resolve({ stdout, stderr, status });
    });
  });
}

/** Returns the input of `store`. */
export function credential(ServerURL: string, Username = 'iamapikey', Secret = 'canary'): string {
  return JSON.stringify({ ServerURL, Username, Secret });
}

/** Returns the output of `get` for this credential. */
export function answer(ServerURL: string, Username = 'iamapikey', Secret = 'canary'): string {
  return `${credential(ServerURL, Username, Secret)}\n`;
}

export const notFound: Outcome = {
  stdout: 'credentials not found in native keychain\n',
  stderr: '',
  status: 1,
};

export const nothing: Outcome = { stdout: '', stderr: '', status: 0 };

export function answered(stdout: string): Outcome {
  return { stdout, stderr: '', status: 0 };
}

export function refused(line: string): Outcome {
  return { stdout: `${line}\n`, stderr: '', status: 1 };
}
