import type { Node } from 'jsonc-parser';
import { damaged, type Property, parseObject, propertiesOf } from './json-text.ts';
import { readText } from './read-file.ts';

/** A file with `credHelpers`: Docker's `config.json`, containers' `auth.json`. */
export interface CredHelpersFile {
  readonly file: string;
  /** `undefined`: there is no file. */
  readonly text: string | undefined;
  /** `undefined`: there is no file, or nothing in it. */
  readonly root: Node | undefined;
  /** The property `credHelpers`; its value is an object or `null`. */
  readonly credHelpers: Property | undefined;
  readonly entries: readonly Property[];
}

/**
 * Reads such a file as clients do (Go's encoding/json into a struct). Throws `storage`, and `damaged`
 * for what makes clients refuse the file, or read it each in a different way.
 */
export function readCredHelpers(file: string): CredHelpersFile {
  const text = readText(file);
  const root = text === undefined ? undefined : parseObject(file, text);
  if (text === undefined || root === undefined) {
    return { file, text, root: undefined, credHelpers: undefined, entries: [] };
  }
  const found = settingsNamed(root, 'credHelpers');
  for (const { value } of found) expectType(file, text, value, 'object');
  const [credHelpers, second] = found;
  if (second !== undefined) {
    // Go adds the two together, JavaScript and Python take the last.
    throw damaged(file, text, second.node.offset, 'a second credHelpers, make it one');
  }
  const entries = propertiesOf(credHelpers?.value);
  for (const { value } of entries) expectType(file, text, value, 'string');
  return { file, text, root, credHelpers, entries };
}

/** Go finds a struct's field whatever the letters' case. */
export function settingsNamed(root: Node | undefined, name: string): Property[] {
  return propertiesOf(root).filter(({ key }) => key.toLowerCase() === name.toLowerCase());
}

/** Go takes `null` for any type, and refuses the whole file for another mismatch. */
function expectType(file: string, text: string, value: Node, type: 'object' | 'string'): void {
  if (value.type === type || value.type === 'null') return;
  const article = type === 'object' ? 'an' : 'a';
  throw damaged(file, text, value.offset, `${article} ${type} is expected`);
}

/** The entry that counts for a host: of two with the same key, every client takes the last. */
export function entryOf({ entries }: CredHelpersFile, host: string): Property | undefined {
  return entries.findLast(({ key }) => key === host);
}

/** A top-level setting that is a text, such as `credsStore`. */
export function textSetting({ root }: CredHelpersFile, name: string): string | undefined {
  const value = root && settingsNamed(root, name).at(-1)?.value.value;
  return typeof value === 'string' ? value : undefined;
}

/** The entries of `auths`, which maps registries to passwords. Empty where it is something else. */
export function authsOf({ root }: CredHelpersFile): Property[] {
  return root === undefined
    ? []
    : settingsNamed(root, 'auths').flatMap(({ value }) => propertiesOf(value));
}
