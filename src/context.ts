/** The program's environment: variables, files, terminal, clock and other processes. Tests pass their own. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `HOME` was not set: the one in `env` is the home directory in the password database. */
  readonly isHomeFallback?: boolean;
  readonly platform: NodeJS.Platform;
  /** File descriptor of standard input: `/dev/stdin` cannot be opened if it is a socket. */
  readonly stdin: number;
  /** Reads standard input to its end, or a little more than 1 MiB of it. Rejects with the system's error. */
  readonly readInput: () => Promise<Uint8Array>;
  /**
   * Calls `announce` if standard input is a terminal and the command waits for it. Returns a function that cancels this.
   */
  readonly onTerminalInput?: (announce: () => void) => () => void;
  /** Writes all of the text to standard output before it returns. Throws `storage`. */
  readonly stdout: (text: string) => void;
  /** Writes the answer of a machine command to standard output, once and last. Rejects with `storage`. */
  readonly answer: (text: string) => Promise<void>;
  readonly files: Files;
  /** If true, reading changes nothing: modes are not narrowed, damaged files not renamed, tokens not cached. */
  readonly readOnly?: boolean;
  /**
   * Writes a line to standard error, and a second line for the hint. Characters that could control a terminal are escaped,
   * line feeds included.
   */
  readonly warn: (line: string, hint?: string) => void;
  /** Returns the time in milliseconds since 1970. */
  readonly now: () => number;
  /** The time, as returned by `now`, by which a machine command must finish; undefined for interactive commands. */
  readonly deadline?: number | undefined;
  readonly pid: number;
  /** The effective user ID; undefined on Windows. */
  readonly uid: number | undefined;
  /** Sets the umask and returns the previous one. */
  readonly umask: (mask: number) => number;
  /** Switches from root to the rights of that user; returns a function that switches back. Throws the system's error. */
  readonly actAs: (owner: { readonly uid: number; readonly gid: number }) => () => void;
  /** The terminal for prompts; undefined if the command is non-interactive. */
  readonly terminal: () => Terminal | undefined;
  /** Standard output, if it is a terminal that can move the cursor. */
  readonly screen?: () => Screen | undefined;
  /** Returns the path of this process's executable: the compiled program, or Bun or Node. */
  readonly executable?: () => string;
  /** The script that the executable runs, if it is an interpreter. */
  readonly script?: string | undefined;
  /**
   * The identity that the program's name selects (`docker-credential-icr-NAME`): the only source of credentials. It may not
   * exist, or be an invalid name. Undefined for `docker-credential-icr`.
   */
  readonly identity?: string | undefined;
  /** Returns the name of the program that has started this process; undefined if it is unknown. */
  readonly parentProgram?: () => Promise<string | undefined>;
  /** Runs another program and waits until it exits. */
  readonly runSync: (program: string, args: readonly string[], options: RunOptions) => RunResult;
  /** Calls `act` for these signals instead of exiting, until the returned function is called. */
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
  /** Standard input. */
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  /** The program is killed after this time. */
  readonly timeoutMs: number;
  /** The program is killed if it writes more output. */
  readonly maxBytes: number;
}

export interface RunResult {
  readonly status: number | null;
  /** Standard output. */
  readonly output: string;
  /** Standard error. */
  readonly errors: string;
  /** `timeout`, or the system's error code if the program could not be started or was killed. */
  readonly failure?: string;
}

interface Screen {
  readonly columns: number;
  /** Writes text unchanged, with escape sequences for colours and the cursor. */
  readonly write: (text: string) => void;
}

/** Selects the checks of a file: a secret, the settings, or a cache file that only this program writes. */
export type FileKind = 'secret' | 'settings' | 'cached';

/**
 * Reads this program's small text files. There are two implementations: the fast path on Bun's file API
 * (`files/file-readers.ts`) for the common case, and one on `node:fs` for all other files, which is its fallback.
 */
export interface Files {
  /**
   * The text of a file that only its owner may read; undefined if it does not exist. Rejects with `storage` for a file or
   * directory that cannot be read or trusted. Warnings go to `context.warn`.
   */
  readonly read: (context: Context, file: string, kind: FileKind) => Promise<string | undefined>;
  /** Returns true if anything of that name exists, dangling symlinks included. Rejects with `storage` if that cannot be known. */
  readonly isPresent: (context: Context, file: string) => Promise<boolean>;
  /** Starts to read a file for which `read` may be called soon, without warnings. Returns false if it is missing or empty. */
  readonly prefetch?: (file: string) => boolean;
  /** Starts to check a directory in which `create` will be called. It does not fail. */
  readonly prefetchDirectory?: (directory: string) => void;
  /** Creates a small file with mode 0600, and its directory with mode 0700. Rejects with `storage` or the system's error. */
  readonly create: (context: Context, file: string, text: string) => Promise<void>;
}

/** With `DOCKER_CREDENTIAL_ICR_DEBUG=1`, writes to standard error; otherwise does nothing. */
export function debug(context: Context, line: string): void {
  if (!isDebug(context)) return;
  // `warn` escapes line feeds; an error's stack has several lines.
  for (const each of line.split('\n')) context.warn(each);
}

export function isDebug({ env }: Pick<Context, 'env'>): boolean {
  return env.DOCKER_CREDENTIAL_ICR_DEBUG === '1';
}

/**
 * The time limit of a machine command, including everything that it waits for. It is a second less than the documented
 * 10 seconds, because starting and exiting take time on a busy machine.
 */
export const answerLimitMs = 9000;

/**
 * Returns the time that has passed since a first reading of `now`, added to it, in whole milliseconds: a time limit must not
 * become longer if the system's clock is set back. `elapsed` is a monotonic clock in milliseconds.
 */
export function steadyClock(now: () => number, elapsed: () => number): () => number {
  const origin = now() - elapsed();
  return () => {
    const time = origin + elapsed();
    // The first use of `Math` costs 1 % of a `get`.
    return time - (time % 1);
  };
}

/** Removes the deadline, for work that must not be aborted halfway and has its own time limit. */
export function withoutDeadline(context: Context): Context {
  return { ...context, deadline: undefined };
}

/** Returns the deadline of an operation that may take `limitMs`, at most the command's; in milliseconds since 1970. */
export function deadlineOf({ now, deadline }: Context, limitMs: number): number {
  return Math.min(now() + limitMs, deadline ?? Number.POSITIVE_INFINITY);
}

/** Returns the milliseconds until that deadline; 0 or less if it has passed. */
export function remainingMs(context: Context, limitMs: number): number {
  return deadlineOf(context, limitMs) - context.now();
}

/** Resolves after the time. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
