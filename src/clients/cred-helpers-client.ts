import type { Context } from '../context.ts';
import type { AddOptions, Client } from './client.ts';
import { type CredHelpersFile, readCredHelpers } from './cred-helpers.ts';
import { hostsIn, planAddIn, planRemoveIn } from './cred-helpers-plan.ts';
import { otherHelperNotes, staleAuthNotes } from './notes.ts';

interface Description {
  readonly name: string;
  readonly file: (context: Context) => string;
  /** What takes an entry of `auths` out: a phrase, such as `run docker logout us.icr.io`. */
  readonly logout: (read: CredHelpersFile, key: string) => string;
  /** What else the person should know. */
  readonly notes: (context: Context, read: CredHelpersFile) => string[];
}

/** A client that reads `credHelpers` from a JSON file. */
export function credHelpersClient({ name, file, logout, notes }: Description): Client {
  const read = (context: Context) => readCredHelpers(file(context));
  const planAdd = (context: Context, hosts: readonly string[], options: AddOptions = {}) => {
    const found = read(context);
    const { others, ...plan } = planAddIn(found, hosts, options);
    const lines = [
      ...otherHelperNotes(name, found, others, options),
      ...staleAuthNotes(found, hosts, (key) => logout(found, key)),
      ...notes(context, found),
    ];
    return { ...plan, notes: lines };
  };
  return {
    name,
    file,
    planAdd,
    planRemove: (context, hosts) => planRemoveIn(read(context), hosts),
    configuredHosts: (context) => hostsIn(read(context)),
  };
}
