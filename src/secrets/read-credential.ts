import { configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { fileOf, parseCredential, setAsideEnding } from './credential-file.ts';
import { type Credential, fileStoreName, type SecretKey } from './store.ts';

/**
 * Reads a credential from the store of that name; undefined if it has none. The usual file is read without loading the
 * stores; they read keychains and deal with damaged files. Throws `damaged`, `storage`, `misconfigured`.
 */
export async function readCredential(
  context: Context,
  storeName: () => Promise<string>,
  key: SecretKey,
): Promise<Credential | undefined> {
  const store = await storeName();
  if (store === fileStoreName) {
    const folder = configFolder(context);
    if (folder === undefined) return undefined;
    const file = fileOf(folder, key);
    const text = await context.files.read(context, file, 'secret');
    const credential = text === undefined ? undefined : parseCredential(text);
    if (credential !== undefined) return credential;
    if (text === undefined && !(await exists(context, file + setAsideEnding))) return undefined;
  }
  const { storeIn } = await import('./secret-store.ts');
  return storeIn(context, { store }).read(key);
}

async function exists(context: Context, file: string): Promise<boolean> {
  return (await context.files.read(context, file, 'secret')) !== undefined;
}
