import { writeAll } from './descriptors.ts';

/** Everything the program takes from the outside. Tests pass their own. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** File descriptor that a protocol verb reads: `/dev/stdin` cannot be opened when it is a socket. */
  readonly stdin: number;
  /** Writes to standard output, whole, before it returns. */
  readonly stdout: (text: string) => void;
  /** Writes one line for people to standard error. */
  readonly warn: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly pid: number;
  /** Where a person can be asked something; `undefined` where nobody sits. */
  readonly terminal: () => Terminal | undefined;
  /** Standard output, where it is a terminal and lines can be written over. */
  readonly screen?: () => Screen | undefined;
  /** The file that runs: this program itself where it is compiled, else Bun or Node. */
  readonly executable?: string;
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

export interface Screen {
  /** Characters in a line. */
  readonly columns: number;
}

/** The real one. */
export function processContext(): Context {
  return {
    env: process.env,
    platform: process.platform,
    stdin: 0,
    stdout: (text) => writeAll(1, text),
    warn: (line) => warnOn(2, line),
    now: Date.now,
    pid: process.pid,
    terminal: () =>
      process.stdin.isTTY && process.stderr.isTTY
        ? { input: process.stdin, output: process.stderr }
        : undefined,
    screen: () =>
      process.stdout.isTTY && process.env.TERM !== 'dumb'
        ? { columns: process.stdout.columns || 80 }
        : undefined,
    executable: process.execPath,
    onSignals: (signals, act) => {
      for (const signal of signals) process.on(signal, act);
      return () => {
        for (const signal of signals) process.off(signal, act);
      };
    },
  };
}

/** With `DOCKER_CREDENTIAL_ICR_DEBUG=1`, tells standard error why; otherwise does nothing. */
export function debug(context: Context, line: string): void {
  if (context.env.DOCKER_CREDENTIAL_ICR_DEBUG === '1') context.warn(line);
}

/** A standard error that nobody reads any more must not keep a program from its credential. */
function warnOn(descriptor: number, line: string): void {
  try {
    writeAll(descriptor, `docker-credential-icr: ${line}\n`);
  } catch {
    // There is no other place to say it.
  }
}
