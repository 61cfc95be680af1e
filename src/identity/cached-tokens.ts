import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { removeEveryToken, removeToken } from '../iam/cache-file.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';

/** Removes the cached tokens of identities that were removed. Throws `storage`, after it has tried all of them. */
export function removeCachedTokens(context: Context, names: Iterable<string>): void {
  const folder = cacheFolder(context);
  const failures: unknown[] = [];
  for (const identity of names) {
    for (const name of [identity, refreshTokenOf(identity)]) {
      try {
        removeToken(context, { folder, name });
      } catch (error) {
        failures.push(error);
      }
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Removes the cached tokens of identities that have a new secret. Tokens of the old one are not used, so a failure is a warning. */
export function removeSupersededTokens(context: Context, names: Iterable<string>): void {
  try {
    removeCachedTokens(context, names);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(inOneLine(error));
  }
}

/** Removes all cached tokens, including those of compute identities. Throws `storage`. */
export function removeAllCachedTokens(context: Context): void {
  const folder = cacheFolder(context);
  if (folder !== undefined) removeEveryToken(context, folder);
}
