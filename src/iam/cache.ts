import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import {
  type CachedToken,
  type CacheKey,
  cacheFile,
  type FreshTokenOptions,
  isDue,
  isFresh,
  parseCachedToken,
} from './cached-token.ts';

// Every `get` of an access token runs this code: axios and the lock are loaded only to mint a token.

/**
 * Returns a token from the cache. If it is missing or past its renewal time, one process mints another, and the others
 * wait for it. If IAM is unreachable, a cached token with at least a minute left is returned with a warning; with a minimum
 * lifetime, any cached token that has not expired, also if IAM refuses another one. Throws the errors of `mint`.
 */
export async function freshToken(
  context: Context,
  options: FreshTokenOptions,
): Promise<CachedToken> {
  const cached = await readToken(context, options);
  const { minLifetimeMs } = options;
  const token =
    cached !== undefined && !options.force && isFresh(cached, context.now(), minLifetimeMs)
      ? cached
      : await (await import('./single-flight.ts')).singleFlight(context, options, cached);
  warnIfRenewalFailed(context, options, token);
  return token;
}

/** Returns the token in the cache, even if it has expired. A cache that cannot be read is a warning. */
export async function readToken(context: Context, key: CacheKey): Promise<CachedToken | undefined> {
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

function warnIfRenewalFailed(
  context: Context,
  { name, minLifetimeMs = 0 }: FreshTokenOptions,
  token: CachedToken,
): void {
  const now = context.now();
  const remainingMs = token.expiresAt - now;
  // A token may be due for another mapping, which has a minimum lifetime.
  if (token.failure !== undefined && isDue(token, now, minLifetimeMs)) {
    context.warn(
      `${token.failure.why}; the cached access token of ${name} expires in ${shortDuration(remainingMs)}`,
    );
  } else if (remainingMs < minLifetimeMs) {
    context.warn(
      `the access token of ${name} expires in ${shortDuration(remainingMs)}; IAM issues none with the minimum lifetime of ${shortDuration(minLifetimeMs)}`,
    );
  }
}

function shortDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}
