import type { Context } from '../context.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly describe: string;
  readonly array?: boolean;
  /** Another name for it. */
  readonly alias?: string;
  readonly default?: boolean | string;
  readonly choices?: readonly string[];
  /** The heading above it in the help text; `Options` by default. */
  readonly group?: string;
}

/** What a command's module holds. `Args` has what its options and positional arguments are parsed to. */
export interface Command<Args> {
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Throws `HelperError`; returns the exit status. */
  readonly run: (context: Context, args: Args) => number | Promise<number>;
}

/** A heading of the overview of all commands. */
export type Section = 'Get started' | 'Accounts and hosts' | 'IBM Cloud' | 'Clusters' | 'Other';

/** A command in the table of all commands: what `--help` shows of it, and how its module is loaded. */
export interface CommandEntry {
  /** In the syntax of yargs: `login [hosts..]`. */
  readonly usage: string;
  /** Arguments that yargs does not parse: `-- COMMAND`. */
  readonly rest?: string;
  readonly describe: string;
  /** Set for every top-level command. */
  readonly section?: Section;
  readonly load: () => Promise<Command<never>>;
}

/** Commands under one word: `api-key list`. */
export interface CommandGroup {
  readonly usage: string;
  readonly describe: string;
  readonly section?: Section;
  readonly commands: readonly CommandEntry[];
}
