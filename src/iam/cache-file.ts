import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { namesIn, readPrivate, strictly } from '../files/private-read.ts';
import { removeEveryTemporary, removePrivate, writePrivate } from '../files/private-write.ts';
import {
  type CachedToken,
  type CacheEntry,
  type CacheKey,
  cacheFile,
  ending,
  parseEntry,
  tokenIn,
} from './cached-token.ts';

/** `readToken` of `cache.ts` for the process that holds the lock, or waits for it. */
export function readTokenNow(context: Context, key: CacheKey): CachedToken | undefined {
  if (key.folder === undefined) return undefined;
  const file = cacheFile(key.folder, key.name);
  return tokenIn(context, key, file, readIfPossible(context, file));
}

/** Keeps it for the next client. A failure is a warning: there is a token to give all the same. */
export function writeToken(context: Context, key: CacheKey, token: CachedToken): void {
  const { folder, name, endpoint } = key;
  if (folder === undefined) return;
  try {
    const entry: CacheEntry = { name, endpoint, ...token };
    writePrivate(context, cacheFile(folder, name), `${JSON.stringify(entry)}\n`);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${inOneLine(error)}; the next client will ask IAM again`);
  }
}

/** Removes what is cached. Throws `storage`. */
export function forgetToken(context: Context, { folder, name }: Omit<CacheKey, 'since'>): void {
  if (folder !== undefined) removePrivate(context, cacheFile(folder, name));
}

/** Removes every token, and leaves what else somebody keeps in that folder. Throws `storage`. */
export function forgetEveryToken(context: Context, folder: string): void {
  for (const name of namesIn(context, folder, 'own')) {
    const file = path.join(folder, name);
    if (name.endsWith(ending) && isOurs(context, folder, file)) removePrivate(context, file);
  }
  removeEveryTemporary(context, folder);
}

/** The mode is left as it is: the file may be another program's. */
function isOurs(context: Context, folder: string, file: string): boolean {
  try {
    const text = readPrivate(context, file, { ...strictly, tighten: false });
    const entry = text === undefined ? undefined : parseEntry(text);
    return entry !== undefined && cacheFile(folder, entry.name) === file;
  } catch (error) {
    if (error instanceof HelperError) return false;
    throw error;
  }
}

export function lockFolder(folder: string, name: string): string {
  return path.join(folder, `${encodeURIComponent(name)}.lock`);
}

function readIfPossible(context: Context, file: string): string | undefined {
  try {
    return readPrivate(context, file, strictly);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${inOneLine(error)}; going on without the cache`);
    return undefined;
  }
}
