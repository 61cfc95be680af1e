import type { Context } from '../context.ts';
import type { AddOptions, Client, EditPlan } from './client.ts';
import { type CredHelpersFile, readCredHelpers } from './cred-helpers.ts';
import { hostsIn, planAddIn, planRemoveIn } from './cred-helpers-plan.ts';
import { otherHelperNotes, staleAuthNotes } from './notes.ts';

interface Description {
  readonly name: string;
  readonly file: (context: Context) => string;
  /** Every key under which the client looks for a host; by default the host alone. */
  readonly spellings?: (host: string) => readonly string[];
  /** What takes an entry of `auths` out: a phrase, such as `run docker logout us.icr.io`. */
  readonly logout: (read: CredHelpersFile, key: string) => string;
  /** What else the person should know. */
  readonly notes: (context: Context, read: CredHelpersFile) => string[];
}

/** A client that reads `credHelpers` from a JSON file. */
export function credHelpersClient(description: Description): Client {
  const { name, file, spellings = (host) => [host], logout, notes } = description;
  const read = (context: Context) => readCredHelpers(file(context));
  const planAdd = (context: Context, hosts: readonly string[], options: AddOptions = {}) => {
    const found = read(context);
    const keys = hosts.flatMap(spellings);
    const { others, ...plan } = planAddIn(found, keys, options);
    const lines = [
      ...otherHelperNotes(name, found, others, options),
      ...staleAuthNotes(found, hosts, (key) => logout(found, key)),
      ...notes(context, found),
    ];
    return { ...plan, hosts: hostsOf(plan), notes: lines };
  };
  return {
    name,
    file,
    planAdd,
    planRemove: (context, hosts) => {
      const keys = hosts === 'all-ours' ? hosts : hosts.flatMap(spellings);
      const plan = planRemoveIn(read(context), keys);
      return { ...plan, hosts: hostsOf(plan), undoes: true };
    },
    configuredHosts: (context) => hostsIn(read(context)),
  };
}

/** Two spellings are one host. */
function hostsOf({ hosts }: Pick<EditPlan, 'hosts'>): string[] {
  return [...new Set(hosts.map((key) => key.replace(/:443$/, '')))];
}
