import { applyEdits, type Edit } from 'jsonc-parser';
import type { Context } from '../context.ts';
import { helperName, isOwnName } from '../program-name.ts';
import type { AddOptions, Client, EditPlan, Note } from './client.ts';
import { type CredHelpersFile, entryOf, readCredHelpers } from './cred-helpers.ts';
import { isOwnHelper } from './helper-link.ts';
import {
  addProperties,
  type NewProperty,
  newObjectText,
  removeProperties,
  replaceValue,
} from './json-edit.ts';
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

/**
 * Plans to register this helper for the hosts. `occupied` has the hosts whose entry names another helper; these entries
 * are replaced only with `force`. `icr-NAME` also replaces entries of this program that name another identity or none.
 */
function planAddIn(
  read: CredHelpersFile,
  hosts: readonly string[],
  { force = false, helper = helperName }: AddOptions,
): Omit<EditPlan, 'notes'> & { readonly occupied: readonly string[] } {
  const wanted = [...new Set(hosts)];
  const missing = wanted.filter((host) => entryOf(read, host) === undefined);
  const different = wanted.filter((host) => {
    const entry = entryOf(read, host);
    return entry !== undefined && entry.value.value !== helper;
  });
  const isOwn = (host: string) => isOwnName(entryOf(read, host)?.value.value);
  const own = helper === helperName ? [] : different.filter(isOwn);
  const occupied = different.filter((host) => !own.includes(host));
  const replaced = force ? different : own;
  const after = changed(read, helper, missing, replaced);
  return { file: read.file, before: read.text, after, hosts: [...missing, ...replaced], occupied };
}

function changed(
  read: CredHelpersFile,
  helper: string,
  added: readonly string[],
  replaced: readonly string[],
) {
  const { text, root, credHelpers } = read;
  if (added.length + replaced.length === 0) return text;
  const properties = added.map((host): NewProperty => [host, helper]);
  if (text === undefined || root === undefined) return newObjectText([['credHelpers', properties]]);
  if (credHelpers === undefined) {
    return applyEdits(text, addProperties(text, root, root, [['credHelpers', properties]]));
  }
  if (credHelpers.value.type === 'null') {
    return applyEdits(text, [replaceValue(text, root, credHelpers.value, properties)]);
  }
  const edits = addProperties(text, root, credHelpers.value, properties);
  return applyEdits(text, [...edits, ...replacements(read, text, helper, replaced)]);
}

function replacements(
  read: CredHelpersFile,
  text: string,
  helper: string,
  hosts: readonly string[],
): Edit[] {
  return hosts.flatMap((host) => {
    const entry = entryOf(read, host);
    if (read.root === undefined || entry === undefined) return [];
    return [replaceValue(text, read.root, entry.value, helper)];
  });
}

/** Plans to remove the entries of the helpers that `isOwn` accepts, and `credHelpers` itself if it is then empty. */
function planRemoveIn(
  read: CredHelpersFile,
  hosts: readonly string[] | 'all',
  isOwn: (helper: unknown) => boolean,
): EditPlan {
  const own = read.entries.filter(
    ({ key, value }) => isOwn(value.value) && (hosts === 'all' || hosts.includes(key)),
  );
  const removed = [...new Set(own.map(({ key }) => key))];
  const nodes = new Set(own.map(({ node }) => node));
  const plan = { file: read.file, before: read.text, hosts: removed, notes: [] };
  const { text, root, credHelpers } = read;
  if (nodes.size === 0 || !text || !root || !credHelpers) return { ...plan, after: text };
  const edits =
    nodes.size === read.entries.length
      ? removeProperties(root, (node) => node === credHelpers.node)
      : removeProperties(credHelpers.value, (node) => nodes.has(node));
  return { ...plan, after: applyEdits(text, edits) };
}

/** Returns the hosts for which clients use this helper. */
function hostsIn(read: CredHelpersFile): string[] {
  const hosts = new Set(read.entries.map(({ key }) => key));
  return [...hosts].filter((host) => entryOf(read, host)?.value.value === helperName);
}
