import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import {
  type CachedToken,
  type CacheKey,
  cacheFile,
  type FreshTokenOptions,
  isFresh,
  parseCachedToken,
} from './cached-token.ts';

// Every `get` of an access token runs this code: axios and the lock are loaded only to mint a token.

/**
 * Returns a token from the cache. If it is missing or past its renewal time, one process mints another, and the others
 * wait for it. If IAM is unreachable, a cached token with at least a minute left is returned with a warning. Throws the
 * errors of `mint`.
 */
export async function freshToken(
  context: Context,
  options: FreshTokenOptions,
): Promise<CachedToken> {
  const cached = await readToken(context, options);
  const token =
    cached !== undefined && !options.force && isFresh(cached, context.now())
      ? cached
      : await (await import('./single-flight.ts')).singleFlight(context, options, cached);
  warnIfRenewalFailed(context, options, token);
  return token;
}

async function readToken(context: Context, key: CacheKey): Promise<CachedToken | undefined> {
  if (key.folder === undefined) return undefined;
  const file = cacheFile(key.folder, key.name);
  try {
    return parseCachedToken(context, key, file, await context.files.read(context, file, 'cached'));
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${inOneLine(error)}; continuing without the cache`);
    return undefined;
  }
}

function warnIfRenewalFailed(context: Context, { name }: CacheKey, token: CachedToken): void {
  if (token.failure === undefined) return;
  const minutes = Math.floor((token.expiresAt - context.now()) / 60_000);
  context.warn(
    `${token.failure.why}; the cached access token of ${name} expires in ${minutes} min`,
  );
}
