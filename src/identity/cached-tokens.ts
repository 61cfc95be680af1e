import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { removeEveryToken, removeToken } from '../iam/cache-file.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';

/** Removes the cached tokens of an identity. Throws `storage`. */
export function removeCachedTokens(context: Context, name: string): void {
  const folder = cacheFolder(context);
  removeToken(context, { folder, name });
  removeToken(context, { folder, name: refreshTokenOf(name) });
}

/** Removes all cached tokens, including those of compute identities. Throws `storage`. */
export function removeAllCachedTokens(context: Context): void {
  const folder = cacheFolder(context);
  if (folder !== undefined) removeEveryToken(context, folder);
}
