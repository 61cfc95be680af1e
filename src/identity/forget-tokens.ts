import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { removeEveryToken, removeToken } from '../iam/cache-file.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';

/** Removes what was minted for an identity. Throws `storage`. */
export function forgetTokens(context: Context, name: string): void {
  const folder = cacheFolder(context);
  removeToken(context, { folder, name });
  removeToken(context, { folder, name: refreshTokenOf(name) });
}

/** Removes whatever was minted, for the machine as well. Throws `storage`. */
export function forgetMintedTokens(context: Context): void {
  const folder = cacheFolder(context);
  if (folder !== undefined) removeEveryToken(context, folder);
}
