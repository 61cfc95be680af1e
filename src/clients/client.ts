import type { Context } from '../context.ts';

/** A warning about a client's configuration. */
export interface Note {
  readonly message: string;
  readonly hint?: string;
}

/** A planned change to one file. */
export interface EditPlan {
  readonly file: string;
  /** The current text, or undefined if the file does not exist. */
  readonly before: string | undefined;
  /** The new text, or undefined if the file is deleted or is not created. */
  readonly after: string | undefined;
  /** The hosts that the change adds or removes. */
  readonly hosts: readonly string[];
  readonly notes: readonly Note[];
  /** Undoes an earlier change: no backup is made, and the backup of that change is deleted. */
  readonly isUndo?: true;
  /** The file contains a secret: no backup is made. */
  readonly withoutBackup?: true;
}

export interface AddOptions {
  /** Replaces entries that name another helper. */
  readonly force?: boolean;
  /** The name of the helper; `icr` by default. Another one (`icr-NAME`) replaces entries of `icr` and `icr-OTHER`. */
  readonly helper?: string;
}

/** Which entries to remove: those of `helper`, or those of `icr` and of every `icr-NAME` if it is undefined. */
interface RemoveOptions {
  readonly helper?: string;
}

/** A program that reads credential helpers from a configuration file. */
export interface Client {
  readonly name: string;
  readonly file: (context: Context) => string;
  /** Plans to register this helper for the hosts. */
  readonly planAdd: (context: Context, hosts: readonly string[], options?: AddOptions) => EditPlan;
  /** Plans to remove entries that name this helper, for the given hosts or for all. Other entries are not changed. */
  readonly planRemove: (
    context: Context,
    hosts: readonly string[] | 'all',
    options?: RemoveOptions,
  ) => EditPlan;
  /** The hosts whose entry names this helper; not those of `icr-NAME`. */
  readonly configuredHosts: (context: Context) => string[];
}
