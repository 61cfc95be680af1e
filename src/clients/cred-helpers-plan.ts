import { applyEdits, type Edit } from 'jsonc-parser';
import { helperName, isOwnName } from '../program-name.ts';
import type { AddOptions, EditPlan } from './client.ts';
import { type CredHelpersFile, entryOf } from './cred-helpers.ts';
import {
  addProperties,
  type NewProperty,
  newObjectText,
  removeProperties,
  replaceValue,
} from './json-edit.ts';

/**
 * Plans to register this helper for the hosts. `occupied` has the hosts whose entry names another helper; these entries
 * are replaced only with `force`. `icr-NAME` also replaces entries of this program that name another identity or none.
 */
export function planAddIn(
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
export function planRemoveIn(
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
export function hostsIn(read: CredHelpersFile): string[] {
  const hosts = new Set(read.entries.map(({ key }) => key));
  return [...hosts].filter((host) => entryOf(read, host)?.value.value === helperName);
}
