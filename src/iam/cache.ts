import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import {
  type CachedToken,
  type CacheKey,
  cacheFile,
  type FreshTokenOptions,
  isUsable,
  tokenIn,
} from './cached-token.ts';

// Every `get` of an access token comes through here: no axios, no lock until one has to be minted.

/**
 * An access token, from the cache until half of its life is over, or a little more; then one process mints another, and
 * the rest wait for it. Where IAM cannot be reached, one with a minute left is still given, with a warning.
 * Throws what `mint` throws.
 */
export async function freshToken(
  context: Context,
  options: FreshTokenOptions,
): Promise<CachedToken> {
  const old = await readToken(context, options);
  const given =
    old !== undefined && !options.force && isUsable(old, context.now())
      ? old
      : await (await import('./flight.ts')).mintOnce(context, options, old);
  return warned(context, options, given);
}

async function readToken(context: Context, key: CacheKey): Promise<CachedToken | undefined> {
  if (key.folder === undefined) return undefined;
  const file = cacheFile(key.folder, key.name);
  try {
    return tokenIn(context, key, file, await context.files.read(context, file, 'cached'));
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${inOneLine(error)}; going on without the cache`);
    return undefined;
  }
}

function warned(context: Context, { name }: CacheKey, token: CachedToken): CachedToken {
  if (token.failure !== undefined) {
    const minutes = Math.floor((token.expiresAt - context.now()) / 60_000);
    context.warn(
      `${token.failure.why}; the access token of ${name} is good for ${minutes} min more`,
    );
  }
  return token;
}
