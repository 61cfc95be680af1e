import { configFolder, secretFolders as folders } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { join } from '../fast-path.ts';
import { isText, parseObject } from '../json-object.ts';
import { type Credential, fileStoreName, type SecretKey, type SecretStore } from './store-types.ts';

export const extension = '.json';
/** Appended to the name of a damaged file. */
export const damagedSuffix = '.damaged';

/** Returns the path of a credential's file; `root` is the configuration directory. */
export function fileOf(root: string, { of, name }: SecretKey): string {
  return join(join(root, folders[of]), encodeURIComponent(name) + extension);
}

export function folderOf(root: string, of: SecretKey['of']): string {
  return join(root, folders[of]);
}

/** Returns undefined if the text is not a JSON object with the three fields of a credential, none of them empty. */
export function parseCredential(text: string): Credential | undefined {
  const { ServerURL, Username, Secret } = parseObject(text) ?? {};
  return isText(ServerURL) && isText(Username) && isText(Secret)
    ? { ServerURL, Username, Secret }
    : undefined;
}

/** Returns the name that is encoded in the name of a file or keychain entry; other text unchanged. */
export function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

interface ReadableStore {
  /** The name in the settings. */
  readonly name: () => Promise<string>;
  /** Returns the same object each time, because it does not call a keychain again after a timeout. */
  readonly open: () => Promise<SecretStore>;
}

/**
 * Reads a credential from the store; returns undefined if it does not exist. Fast path: a valid file of the file store is read
 * without loading the modules of the stores. Throws `damaged`, `storage`, `misconfigured`.
 */
export async function readCredential(
  context: Context,
  store: ReadableStore,
  key: SecretKey,
): Promise<Credential | undefined> {
  if ((await store.name()) === fileStoreName) {
    const folder = configFolder(context);
    if (folder === undefined) return undefined;
    const file = fileOf(folder, key);
    const text = await context.files.read(context, file, 'secret');
    const credential = text === undefined ? undefined : parseCredential(text);
    if (credential !== undefined) return credential;
    if (text === undefined && !(await exists(context, file + damagedSuffix))) return undefined;
  }
  return (await store.open()).read(key);
}

/** Begins to read the credential that `readCredential` may be called for soon, if it is in the usual file. */
export async function prefetchCredential(context: Context, key: SecretKey): Promise<void> {
  const folder = configFolder(context);
  if (folder === undefined) return;
  const file = fileOf(folder, key);
  if (context.files.prefetch?.(file) === false) context.files.prefetch(file + damagedSuffix);
}

async function exists(context: Context, file: string): Promise<boolean> {
  return (await context.files.read(context, file, 'secret')) !== undefined;
}
