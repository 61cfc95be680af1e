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
  cacheSuffix,
  parseCachedToken,
  parseEntry,
} from './cached-token.ts';

/** Does the same as `readToken` in `cache.ts`, but synchronously, for a process that holds the lock or waits for it. */
export function readTokenSync(context: Context, key: CacheKey): CachedToken | undefined {
  if (key.folder === undefined) return undefined;
  const file = cacheFile(key.folder, key.name);
  return parseCachedToken(context, key, file, readIfPossible(context, file));
}

/** Caches a token. A failure is only a warning, because the token can still be returned to the client. */
export function writeToken(context: Context, key: CacheKey, token: CachedToken): void {
  const { folder, name, endpoint } = key;
  if (folder === undefined) return;
  try {
    const entry: CacheEntry = { name, endpoint, ...token };
    writePrivate(context, cacheFile(folder, name), `${JSON.stringify(entry)}\n`);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${inOneLine(error)}; the next client will request another token`);
  }
}

/** Removes a token from the cache. Throws `storage`. */
export function removeToken(context: Context, { folder, name }: Omit<CacheKey, 'since'>): void {
  if (folder !== undefined) removePrivate(context, cacheFile(folder, name));
}

/** Removes all tokens from the cache directory, but no other files. Throws `storage`. */
export function removeEveryToken(context: Context, folder: string): void {
  for (const name of namesIn(context, folder, 'own')) {
    const file = path.join(folder, name);
    if (name.endsWith(cacheSuffix) && isCacheFile(context, folder, file)) {
      removePrivate(context, file);
    }
  }
  removeEveryTemporary(context, folder);
}

/** Returns true for a cache file. Does not change the file's mode, because it may belong to another program. */
function isCacheFile(context: Context, folder: string, file: string): boolean {
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
    context.warn(`${inOneLine(error)}; continuing without the cache`);
    return undefined;
  }
}
