import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { removeEveryToken, removeToken } from '../iam/cache-file.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';

/** Removes the cached tokens of identities that were removed. Throws `storage`, after it has tried all of them. */
export function forgetTokens(context: Context, names: Iterable<string>): void {
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

/** The same for identities that have a new secret: tokens of the old one are not used, so a failure is a warning. */
export function forgetOldTokens(context: Context, names: Iterable<string>): void {
  try {
    forgetTokens(context, names);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(inOneLine(error));
  }
}

/** Removes every cached token, the machine's as well. Throws `storage`. */
export function forgetMintedTokens(context: Context): void {
  const folder = cacheFolder(context);
  if (folder !== undefined) removeEveryToken(context, folder);
}
