/** Everything the program takes from the outside. Tests pass their own. */
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
  /** If true, nothing is changed by reading: no mode is narrowed, no damaged file renamed, no token cached. */
  readonly readOnly?: boolean;
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
  /** Gives up root's rights for those of that user; returns what takes them back. Throws the system's error. */
  readonly actAs: (owner: { readonly uid: number; readonly gid: number }) => () => void;
  /** Where a person can be asked something; `undefined` where nobody sits. */
  readonly terminal: () => Terminal | undefined;
  /** Standard output, where it is a terminal and lines can be written over. */
  readonly screen?: () => Screen | undefined;
  /** Standard error, if it is a terminal. */
  readonly errorScreen?: () => Screen | undefined;
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

/** How a file of ours is checked: a secret, the settings, or what only this program writes. */
export type FileKind = 'secret' | 'settings' | 'cached';

/**
 * Reads our small text files. The reader on Bun's file API (`files/bun-reader.ts`) is faster and reads only the usual kind
 * of file; it leaves every other file to the one on `node:fs`. No caller knows which of the two it has.
 */
export interface Files {
  /**
   * The text of a file that only its owner may read; undefined if it does not exist. Rejects with `storage` for a file or
   * directory that cannot be read or trusted. Warnings go to `context.warn`.
   */
  readonly read: (context: Context, file: string, kind: FileKind) => Promise<string | undefined>;
  /** Returns true if anything of that name exists, dangling symlinks included. Rejects with `storage` if that cannot be known. */
  readonly isPresent: (context: Context, file: string) => Promise<boolean>;
}

/** With `DOCKER_CREDENTIAL_ICR_DEBUG=1`, writes to standard error; otherwise does nothing. */
export function debug(context: Context, line: string): void {
  if (!isDebug(context)) return;
  // A stack has many lines.
  for (const each of line.split('\n')) context.warn(each);
}

export function isDebug({ env }: Pick<Context, 'env'>): boolean {
  return env.DOCKER_CREDENTIAL_ICR_DEBUG === '1';
}
