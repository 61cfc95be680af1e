import type { Context } from '../context.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly describe: string;
  readonly array?: boolean;
  readonly alias?: string;
  readonly default?: boolean | string;
  readonly choices?: readonly string[];
  /** The heading above it in the help text; `Options` by default. */
  readonly group?: string;
}

/** The implementation of a command. `Args` has the parsed options and positional arguments. */
export interface Command<Args> {
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [line: string, description: string])[];
  /** The possible values of an argument, with a heading, for the help text. */
  readonly values?: {
    readonly title: string;
    readonly rows: readonly (readonly [value: string, description: string])[];
  };
  /** Returns the exit status. Throws `HelperError`. */
  readonly run: (context: Context, args: Args) => number | Promise<number>;
}

/** A heading of the overview of all commands. */
export type Section = 'Get started' | 'Accounts and hosts' | 'IBM Cloud' | 'Clusters' | 'Other';

/** A command in the table of all commands, with its line in `--help`. */
export interface CommandEntry {
  /** Name and positional arguments in the syntax of yargs: `login [hosts..]`. */
  readonly usage: string;
  /** Arguments that yargs does not parse: `-- COMMAND`. */
  readonly rest?: string;
  readonly describe: string;
  /** Set for every top-level command. */
  readonly section?: Section;
  readonly load: () => Promise<Command<never>>;
}

/** Commands with a common first word: `api-key list`, `api-key create`. */
export interface CommandGroup {
  readonly usage: string;
  readonly describe: string;
  readonly section?: Section;
  readonly commands: readonly CommandEntry[];
}
