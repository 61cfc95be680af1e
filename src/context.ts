import { cannotWrite, readStdin, writeAll } from './descriptors.ts';
import { systemCode } from './errors.ts';
import { type Bun as BunRuntime, bunFiles, readBunStdin } from './files/bun-reader.ts';
import { type Files, nodeFiles } from './files/file-reader.ts';
import { visible } from './visible.ts';

declare const Bun: BunRuntime | undefined;

/** Everything the program takes from the outside. Tests pass their own. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** File descriptor of standard input: `/dev/stdin` cannot be opened if it is a socket. */
  readonly stdin: number;
  /** Reads standard input to its end, or a little more than 1 MiB of it. Rejects with the system's error. */
  readonly readInput: () => Promise<Uint8Array>;
  /** Writes all of the text to standard output before it returns. Throws `storage`. */
  readonly stdout: (text: string) => void;
  /** Writes the answer of a machine command to standard output, once and last. Rejects with `storage`. */
  readonly answer: (text: string) => Promise<void>;
  readonly files: Files;
  /**
   * Writes one line for people to standard error, and a second line for the hint. Whatever could control a terminal is
   * escaped, line feeds included.
   */
  readonly warn: (line: string, hint?: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** When the command has to have ended, by `now`; `undefined` if a person waits, who can stop it. */
  readonly deadline?: number | undefined;
  readonly pid: number;
  /** The effective user; undefined on Windows, which has no such numbers. */
  readonly uid: number | undefined;
  /** Sets the mask for the modes of new files and returns the one before. */
  readonly umask: (mask: number) => number;
  /** Where a person can be asked something; `undefined` where nobody sits. */
  readonly terminal: () => Terminal | undefined;
  /** Standard output, where it is a terminal and lines can be written over. */
  readonly screen?: () => Screen | undefined;
  /** The file that runs: this program itself where it is compiled, else Bun or Node. */
  readonly executable?: string;
  /** The script that the executable runs, if it is an interpreter. */
  readonly script?: string | undefined;
  /** Runs another program to its end. */
  readonly runSync: (program: string, args: readonly string[], options: RunOptions) => RunResult;
  /** Calls `act` for these signals instead of ending, until the function it returns is called. */
  readonly onSignals: (
    signals: readonly NodeJS.Signals[],
    act: (signal: NodeJS.Signals) => void,
  ) => () => void;
}

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

export interface RunOptions {
  /** For its standard input. */
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed. */
  readonly limit: number;
  /** Bytes of output after which it is killed. */
  readonly largest: number;
}

export interface RunResult {
  readonly status: number | null;
  /** Its standard output. */
  readonly output: string;
  /** Its standard error. */
  readonly errors: string;
  /** `timeout`, or the system's word for why it did not run to its end. */
  readonly failure?: string;
}

export interface Screen {
  /** Characters in a line. */
  readonly columns: number;
  /** Writes to it as it is: colours, and what moves the cursor. */
  readonly write: (text: string) => void;
}

/** The context of this process. `node:fs` is loaded when it is first needed: most calls of `get` never need it. */
export function processContext(): Context {
  const { env, platform } = process;
  // On Windows, files have no modes and owners to check.
  const bun = typeof Bun === 'undefined' || platform === 'win32' ? undefined : Bun;
  return {
    env,
    platform,
    stdin: 0,
    readInput: async () => (bun === undefined ? readStdin(nodeFs(), 0) : readBunStdin(bun)),
    stdout: (text) => writeAll(nodeFs(), 1, text),
    answer: async (text) => {
      if (bun === undefined) writeAll(nodeFs(), 1, text);
      else await writeWithBun(bun, text);
    },
    files: bun === undefined ? nodeFiles : bunFiles(bun, process.geteuid?.() ?? -1, nodeFiles),
    warn: (line, hint) => warnOn(2, line, hint),
    now: Date.now,
    pid: process.pid,
    uid: process.geteuid?.(),
    umask: (mask) => process.umask(mask),
    terminal: () =>
      process.stdin.isTTY && process.stderr.isTTY
        ? { input: process.stdin, output: process.stderr }
        : undefined,
    screen: () =>
      process.stdout.isTTY && process.env.TERM !== 'dumb'
        ? { columns: process.stdout.columns || 80, write: (text) => writeAll(nodeFs(), 1, text) }
        : undefined,
    executable: process.execPath,
    script: process.argv[1],
    runSync,
    onSignals: (signals, act) => {
      for (const signal of signals) process.on(signal, act);
      return () => {
        for (const signal of signals) process.off(signal, act);
      };
    },
  };
}

function nodeFs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

async function writeWithBun(bun: BunRuntime, text: string): Promise<void> {
  try {
    await bun.write(bun.stdout, text);
  } catch (error) {
    throw cannotWrite(1, error);
  }
}

function runSync(program: string, args: readonly string[], options: RunOptions): RunResult {
  // An import would load it for every `get`, and most need none.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input: options.input,
    env: options.env,
    timeout: options.limit,
    killSignal: 'SIGKILL',
    maxBuffer: options.largest,
    encoding: 'utf8',
    windowsHide: true,
  });
  // One that was never started has no output.
  const result = { status, output: stdout ?? '', errors: stderr ?? '' };
  const code = systemCode(error);
  // It has ended all the same: without reading what it was told, or with a child that goes on holding its output.
  const hasEnded = status !== null && (code === 'EPIPE' || code === 'ETIMEDOUT');
  if (error === undefined || hasEnded) return result;
  return { ...result, failure: code === 'ETIMEDOUT' ? 'timeout' : (code ?? String(error)) };
}

/** With `DOCKER_CREDENTIAL_ICR_DEBUG=1`, tells standard error why; otherwise does nothing. */
export function debug(context: Context, line: string): void {
  if (context.env.DOCKER_CREDENTIAL_ICR_DEBUG !== '1') return;
  // A stack has many lines.
  for (const each of line.split('\n')) context.warn(each);
}

/** A standard error that nobody reads any more must not keep a program from its credential. */
function warnOn(descriptor: number, line: string, hint?: string): void {
  const second = hint === undefined ? '' : `hint: ${visible(hint)}\n`;
  try {
    writeAll(nodeFs(), descriptor, `docker-credential-icr: ${visible(line)}\n${second}`);
  } catch {
    // There is no other place to say it.
  }
}
