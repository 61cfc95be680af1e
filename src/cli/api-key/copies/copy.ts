/** A place outside of this program that contains a copy of an API key. */
export interface Copy {
  /** As for `--to`, with absolute paths: `file:/srv/app/.env`. It contains no secret. */
  readonly target: string;
  /** Throws `HelperError` if the place does not exist or cannot be read. */
  readonly read: () => Promise<Contents>;
}

/** The content of a copy at the time of reading. */
export interface Contents {
  /** The texts that may contain the key, by their names. */
  readonly texts: Readonly<Record<string, string>>;
  /** Replaces texts, unless another program has changed one since then. Throws `HelperError`. */
  readonly replace: (changed: Readonly<Record<string, string>>) => Promise<void>;
}

/** A program that takes the key to a place that cannot be read. */
export interface CopyCommand {
  readonly target: string;
  /** Throws `HelperError` if the program does not exist. */
  readonly check: () => void;
  /** Runs the program with the key on standard input. Throws `HelperError` if it fails. */
  readonly run: (value: string) => Promise<void>;
}

export function isCommand(copy: Copy | CopyCommand): copy is CopyCommand {
  return 'run' in copy;
}
