import type { Context } from '../context.ts';

/** What follows `docker-credential-` in this program's name: how clients name it. */
export const helperName = 'icr';

/** A change to one file, worked out but not made. */
export interface EditPlan {
  readonly file: string;
  /** `undefined`: the file does not exist. */
  readonly before: string | undefined;
  /** `undefined`: the file is to be removed, or stays absent. */
  readonly after: string | undefined;
  /** The hosts that the change adds or removes. */
  readonly hosts: readonly string[];
  /** What the person should know, a line each: what is there, then what to type. */
  readonly notes: readonly string[];
  /** It takes out what an earlier change put in: no backup is made, and that change's goes. */
  readonly undoes?: true;
}

export interface AddOptions {
  /** Also where an entry names another helper. */
  readonly force?: boolean;
}

/** A program whose configuration names credential helpers. */
export interface Client {
  readonly name: string;
  readonly file: (context: Context) => string;
  readonly planAdd: (context: Context, hosts: readonly string[], options?: AddOptions) => EditPlan;
  /** Takes out entries that name this helper, and nothing else. */
  readonly planRemove: (context: Context, hosts: readonly string[] | 'all-ours') => EditPlan;
  /** The hosts whose entry names this helper. */
  readonly configuredHosts: (context: Context) => string[];
}
