import type { Node } from 'jsonc-parser';
import { isOwnName } from '../program-name.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { damaged, type Property, parseObject, propertiesOf } from './json-text.ts';
import { readText } from './read-file.ts';
import { type Reader, reads } from './readers.ts';

/** A file with `credHelpers`: Docker's `config.json` or podman's `auth.json`. */
export interface CredHelpersFile {
  readonly file: string;
  /** Undefined if the file does not exist. */
  readonly text: string | undefined;
  /** Undefined if the file does not exist or is empty. */
  readonly root: Node | undefined;
  /** The property `credHelpers`; its value is an object or `null`. */
  readonly credHelpers: Property | undefined;
  readonly entries: readonly Property[];
}

/**
 * Reads a file with `credHelpers` as clients do (Go's encoding/json into a struct). Throws `storage`, or `damaged` if
 * clients refuse the file or read it differently.
 */
export function readCredHelpers(file: string): CredHelpersFile {
  const text = readText(file);
  const root = text === undefined ? undefined : parseObject(file, text);
  if (text === undefined || root === undefined) {
    return { file, text, root: undefined, credHelpers: undefined, entries: [] };
  }
  const found = settingsNamed(root, 'credHelpers');
  for (const { value } of found) expectObject(file, text, value);
  const [credHelpers, second] = found;
  if (second !== undefined) {
    // Go merges both objects; JavaScript and Python use the last one.
    throw damaged(file, text, second.node.offset, 'duplicate key credHelpers');
  }
  return { file, text, root, credHelpers, entries: propertiesOf(credHelpers?.value) };
}

/** Returns the settings with a name in any case: Go matches the names of struct fields case-insensitively. */
export function settingsNamed(root: Node | undefined, name: string): Property[] {
  return propertiesOf(root).filter(({ key }) => key.toLowerCase() === name.toLowerCase());
}

/** Throws `damaged` for another type, as Go does. Like Go, accepts `null`. */
function expectObject(file: string, text: string, value: Node): void {
  if (value.type !== 'object' && value.type !== 'null')
    throw damaged(file, text, value.offset, 'expected an object');
}

/** Returns a host's entry. If the key is duplicate, all clients use the last entry. */
export function entryOf({ entries }: CredHelpersFile, host: string): Property | undefined {
  return entries.findLast(({ key }) => key === host);
}

/** Returns a top-level setting such as `credsStore`, or undefined if it is not a string. */
export function textSetting({ root }: CredHelpersFile, name: string): string | undefined {
  const value = root && settingsNamed(root, name).at(-1)?.value.value;
  return typeof value === 'string' ? value : undefined;
}

/** Returns true if the client calls this helper for the host because of the file, with or without an identity in its name. */
export function callsHelper(
  client: Reader['client'],
  read: CredHelpersFile,
  host: string,
): boolean {
  return isOwnName(entryOf(read, host)?.value.value ?? storeFor(client, read));
}

/** Returns true if the client calls this helper for any host because of the file. */
export function namesHelper(client: Reader['client'], read: CredHelpersFile): boolean {
  return (
    isOwnName(storeFor(client, read)) ||
    read.entries.some(({ key }) => callsHelper(client, read, key))
  );
}

function storeFor(client: Reader['client'], read: CredHelpersFile): string | undefined {
  return reads(client, 'credsStore') ? textSetting(read, 'credsStore') : undefined;
}

/** Returns the entries of `auths`, which maps registries to passwords, or none if it is not an object. */
export function authsOf({ root }: CredHelpersFile): Property[] {
  return root === undefined
    ? []
    : settingsNamed(root, 'auths').flatMap(({ value }) => propertiesOf(value));
}

/**
 * Returns the ICR host of a key in a client's file, or undefined for other hosts. Ignores the path, as clients do, even
 * one that is not valid in the protocol.
 */
export function ibmHostOf(key: string): string | undefined {
  const [origin = ''] = /^\s*(https?:\/\/)?[^/?#]*/i.exec(key) ?? [];
  const host = parseServerURL(origin);
  return 'problem' in host || !isIbmHost(host) ? undefined : hostKey(host);
}
