import { configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { fileOf, parseCredential, setAsideEnding } from './credential-file.ts';
import { type Credential, fileStoreName, type SecretKey, type SecretStore } from './store.ts';

export interface ReadableStore {
  /** As the settings have it. */
  readonly name: () => Promise<string>;
  /** The same object each time: it does not call a keychain again that did not respond. */
  readonly open: () => Promise<SecretStore>;
}

/**
 * Reads a credential from the store; undefined if it has none. The usual file is read without loading the
 * stores; they read keychains and deal with damaged files. Throws `damaged`, `storage`, `misconfigured`.
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
    if (text === undefined && !(await exists(context, file + setAsideEnding))) return undefined;
  }
  return (await store.open()).read(key);
}

/** Begins to read the credential that `readCredential` may be called for soon, if it is in the usual file. */
export async function prefetchCredential(context: Context, key: SecretKey): Promise<void> {
  const folder = configFolder(context);
  if (folder !== undefined) context.files.prefetch?.(fileOf(folder, key));
}

async function exists(context: Context, file: string): Promise<boolean> {
  return (await context.files.read(context, file, 'secret')) !== undefined;
}
