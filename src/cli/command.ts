import type { Context } from '../context.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly describe: string;
  readonly array?: boolean;
  /** Another name for it. */
  readonly alias?: string;
  readonly default?: boolean | string;
  readonly choices?: readonly string[];
}

/** A command that a person types. `Args` has what its options and positional words are parsed to. */
export interface Command<Args> {
  /** As yargs writes it: `login [hosts..]`. */
  readonly usage: string;
  readonly describe: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Throws `HelperError`; returns the exit status. */
  readonly run: (context: Context, args: Args) => number | Promise<number>;
}

/** Commands under one word: `api-key list`. */
export interface CommandGroup {
  readonly usage: string;
  readonly describe: string;
  /** Each is called with what its own options are parsed to. */
  readonly commands: readonly Command<never>[];
}
