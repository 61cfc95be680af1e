import type { Context } from '../context.ts';
import type { AddOptions, Client, EditPlan, Note } from './client.ts';
import { type CredHelpersFile, readCredHelpers } from './cred-helpers.ts';
import { hostsIn, planAddIn, planRemoveIn } from './cred-helpers-plan.ts';
import { isOwnHelper } from './helper-link.ts';
import type { FileKind } from './loaders.ts';
import { otherHelperNotes, staleAuthNotes } from './notes.ts';
import { loadNotes } from './rejected-members.ts';

interface Description {
  readonly name: string;
  readonly file: (context: Context) => string;
  /** How programs read the file; `config.json` by default. */
  readonly kind?: FileKind;
  /** Returns the keys under which the client looks for a host; by default only the host. */
  readonly keysOf?: (host: string) => readonly string[];
  /** Returns how to remove an entry of `auths`, such as `run docker logout us.icr.io`. */
  readonly logout: (read: CredHelpersFile, key: string) => string;
  /** Returns other warnings about the file. */
  readonly notes: (context: Context, read: CredHelpersFile) => Note[];
}

/** Returns a client that reads `credHelpers` from a JSON file. */
export function credHelpersClient(description: Description): Client {
  const {
    name,
    file,
    kind = 'config.json',
    keysOf = (host) => [host],
    logout,
    notes,
  } = description;
  const read = (context: Context) => readCredHelpers(file(context));
  const planAdd = (context: Context, hosts: readonly string[], options: AddOptions = {}) => {
    const found = read(context);
    const rejected = loadNotes(found, kind, name);
    const keys = hosts.flatMap(keysOf);
    const { occupied, ...plan } = planAddIn(found, keys, options);
    const allNotes = [
      ...rejected,
      ...otherHelperNotes(name, found, occupied, options),
      ...staleAuthNotes(found, hosts, (key) => logout(found, key)),
      ...notes(context, found),
    ];
    return { ...plan, hosts: hostsOf(plan), notes: allNotes };
  };
  return {
    name,
    file,
    planAdd,
    planRemove: (context, hosts, { helper } = {}) => {
      const keys = hosts === 'all' ? hosts : hosts.flatMap(keysOf);
      const isOwn = (name: unknown) =>
        helper === undefined ? isOwnHelper(context, name) : name === helper;
      const plan = planRemoveIn(read(context), keys, isOwn);
      return { ...plan, hosts: hostsOf(plan), isUndo: true };
    },
    configuredHosts: (context) => hostsIn(read(context)),
  };
}

/** Returns the hosts of the plan's keys: `us.icr.io` and `us.icr.io:443` are the same host. */
function hostsOf({ hosts }: Pick<EditPlan, 'hosts'>): string[] {
  return [...new Set(hosts.map((key) => key.replace(/:443$/, '')))];
}
