import { applyEdits, type Edit } from 'jsonc-parser';
import { helperName } from '../program-name.ts';
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
 * are replaced only with `force`.
 */
export function planAddIn(
  read: CredHelpersFile,
  hosts: readonly string[],
  { force = false }: AddOptions,
): Omit<EditPlan, 'notes'> & { readonly occupied: readonly string[] } {
  const wanted = [...new Set(hosts)];
  const missing = wanted.filter((host) => entryOf(read, host) === undefined);
  const occupied = wanted.filter((host) => {
    const entry = entryOf(read, host);
    return entry !== undefined && entry.value.value !== helperName;
  });
  const replaced = force ? occupied : [];
  const after = changed(read, missing, replaced);
  return { file: read.file, before: read.text, after, hosts: [...missing, ...replaced], occupied };
}

function changed(read: CredHelpersFile, added: readonly string[], replaced: readonly string[]) {
  const { text, root, credHelpers } = read;
  if (added.length + replaced.length === 0) return text;
  const properties = added.map((host): NewProperty => [host, helperName]);
  if (text === undefined || root === undefined) return newObjectText([['credHelpers', properties]]);
  if (credHelpers === undefined) {
    return applyEdits(text, addProperties(text, root, root, [['credHelpers', properties]]));
  }
  if (credHelpers.value.type === 'null') {
    return applyEdits(text, [replaceValue(text, root, credHelpers.value, properties)]);
  }
  const edits = addProperties(text, root, credHelpers.value, properties);
  return applyEdits(text, [...edits, ...replacements(read, text, replaced)]);
}

function replacements(read: CredHelpersFile, text: string, hosts: readonly string[]): Edit[] {
  return hosts.flatMap((host) => {
    const entry = entryOf(read, host);
    if (read.root === undefined || entry === undefined) return [];
    return [replaceValue(text, read.root, entry.value, helperName)];
  });
}

/** Plans to remove the entries that name this helper, and `credHelpers` itself if it is then empty. */
export function planRemoveIn(read: CredHelpersFile, hosts: readonly string[] | 'all'): EditPlan {
  const own = read.entries.filter(
    ({ key, value }) => value.value === helperName && (hosts === 'all' || hosts.includes(key)),
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
