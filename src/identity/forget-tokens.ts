import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { forgetEveryToken, forgetToken } from '../iam/cache-file.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';

/** Removes what was minted for an identity. Throws `storage`. */
export function forgetTokens(context: Context, name: string): void {
  const folder = cacheFolder(context);
  forgetToken(context, { folder, name });
  forgetToken(context, { folder, name: refreshTokenOf(name) });
}

/** Removes whatever was minted, for the machine as well. Throws `storage`. */
export function forgetMintedTokens(context: Context): void {
  const folder = cacheFolder(context);
  if (folder !== undefined) forgetEveryToken(context, folder);
}
