import type { Context } from '../context.ts';
import { join } from '../fast-path.ts';
import { isObject, type JsonObject, parseObject } from '../json-object.ts';
import type { AccessToken } from './access-token.ts';

/** A token in the cache. Times are in milliseconds since 1970. */
export interface CachedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When the root secret was stored (`secretSetAt`). A token that was minted from another secret is not used. */
  readonly since: number;
  /** The last attempt to renew the token, if it failed. */
  readonly failure?: { readonly at: number; readonly why: string };
}

export interface CacheKey {
  /** The cache directory, or undefined for no cache. It is created with mode 0700. */
  readonly folder: string | undefined;
  /** The identity, and anything else that the token depends on. */
  readonly name: string;
  /** `CachedToken.since` of a matching token. */
  readonly since: number;
  /** The configured address of IAM, if any. A token of another IAM is not used. */
  readonly endpoint?: string | undefined;
}

/** The content of a cache file. */
export interface CacheEntry extends CachedToken, Pick<CacheKey, 'name' | 'endpoint'> {}

export const cacheSuffix = '.json';
const maxClockSkewMs = 5 * 60_000;
/** The remaining lifetime that a pull needs. */
const minTimeLeftMs = 60_000;
/** The delay between two attempts to renew: `docker build` calls `get` up to 26 times in a row. */
const retryAfterFailureMs = 10_000;
/** The part of a token's lifetime over which the renewals of many machines are spread. */
const renewalJitter = 0.1;
/** Tokens with a shorter lifetime are renewed without jitter. */
const minLifetimeForJitterMs = 10 * 60_000;
/** A newer token does not live longer than one that was issued in this time, or in this part of its lifetime. */
const newTokenMs = 60_000;
const newTokenPart = 0.1;

export function cacheFile(folder: string, name: string): string {
  return join(folder, encodeURIComponent(name) + cacheSuffix);
}

/** Returns the cache name of an identity's refresh token; its access token has the identity's own name. */
export function refreshTokenOf(name: string): string {
  return `${name} iamrefresh`;
}

/** Returns undefined if the text is not a cache entry. */
export function parseEntry(text: string): CacheEntry | undefined {
  const value = parseObject(text);
  return value !== undefined && isEntry(value) ? value : undefined;
}

/** Returns the token in a cache file if it matches the key, even if it has expired. Warns about a damaged file. */
export function parseCachedToken(
  context: Pick<Context, 'warn' | 'now'>,
  key: CacheKey,
  file: string,
  text: string | undefined,
): CachedToken | undefined {
  if (text === undefined) return undefined;
  const entry = parseEntry(text);
  if (entry === undefined) {
    context.warn(`the cached access token in ${file} is damaged; it will be replaced`);
    return undefined;
  }
  return matchesKey(entry, key, context.now()) ? entry : undefined;
}

/** Returns true if the entry belongs to the key, even if it has expired. */
export function matchesKey(entry: CacheEntry, key: CacheKey, now: number): boolean {
  // On case-insensitive file systems `Work` and `work` have the same file.
  if (entry.name !== key.name || entry.since !== key.since) return false;
  return entry.endpoint === key.endpoint && entry.issuedAt - now <= maxClockSkewMs;
}

/** Returns true if the token need not be renewed now: it is not due for renewal, or a renewal has just failed. */
export function isFresh(token: CachedToken, now: number, minLifetimeMs = 0): boolean {
  if (!isDue(token, now, minLifetimeMs)) return true;
  const { failure } = token;
  if (failure === undefined || !isUsable(token, now, minLifetimeMs)) return false;
  return now >= failure.at && now < failure.at + retryAfterFailureMs;
}

/**
 * Returns true if the token is stale, or expires in less than `minLifetimeMs` and is not new. New tokens are not renewed,
 * because IAM may issue tokens with a shorter lifetime, and `docker build` calls `get` up to 26 times in a row.
 */
export function isDue(token: CachedToken, now: number, minLifetimeMs: number): boolean {
  if (now >= renewalTime(token)) return true;
  if (token.expiresAt - now >= minLifetimeMs) return false;
  const lifetime = token.expiresAt - token.issuedAt;
  return now - token.issuedAt >= Math.min(newTokenMs, lifetime * newTokenPart);
}

/** Returns true if the token can be used if renewal fails. With a minimum lifetime, any token that has not expired. */
export function isUsable(token: CachedToken, now: number, minLifetimeMs: number): boolean {
  return minLifetimeMs > 0 ? token.expiresAt > now : hasTimeLeft(token, now);
}

/** Returns true if a stale token can still be used. */
export function hasTimeLeft(token: CachedToken, now: number): boolean {
  return token.expiresAt - now >= minTimeLeftMs;
}

type Lifetime = Pick<AccessToken, 'token' | 'issuedAt' | 'expiresAt'>;

/**
 * Returns when a token becomes stale, in milliseconds since 1970: after half of its lifetime plus a jitter of up to a
 * tenth, so that machines that started together do not renew together. The jitter is derived from the token, so all
 * processes that share the token agree.
 */
export function renewalTime({ token, issuedAt, expiresAt }: Lifetime): number {
  const lifetime = expiresAt - issuedAt;
  const jitter = lifetime < minLifetimeForJitterMs ? 0 : renewalJitter * tokenFraction(token);
  return issuedAt + lifetime * (0.5 + jitter);
}

/**
 * Returns a number from 0 to 1 for a token, derived from the end of its signature without the last character, which has
 * few possible values.
 */
export function tokenFraction(token: string): number {
  let sum = 0;
  for (let i = Math.max(0, token.length - 5); i < token.length - 1; i++) {
    sum = (sum * 31 + token.charCodeAt(i)) % 1000;
  }
  return sum / 1000;
}

function isEntry(entry: JsonObject): entry is JsonObject & CacheEntry {
  return (
    typeof entry.name === 'string' &&
    typeof entry.token === 'string' &&
    entry.token !== '' &&
    Number.isFinite(entry.issuedAt) &&
    Number.isFinite(entry.expiresAt) &&
    Number.isFinite(entry.since) &&
    (entry.failure === undefined || isFailure(entry.failure))
  );
}

function isFailure(value: unknown): value is CachedToken['failure'] {
  return isObject(value) && Number.isFinite(value.at) && typeof value.why === 'string';
}

export interface FreshTokenOptions extends CacheKey {
  /** Mints a token even if a cached one could be used. */
  readonly force?: boolean;
  /**
   * A cached token that expires sooner is renewed first. If that fails for any reason, it is used until it expires. 0 if
   * missing.
   */
  readonly minLifetimeMs?: number | undefined;
  /**
   * Requests a token until the deadline (milliseconds since 1970). Runs in one process at a time, so it must also save
   * a refresh token that IAM returns.
   */
  readonly mint: (deadline: number) => Promise<AccessToken>;
  /** Returns false if the minted token must not be cached. Called after `mint`. */
  readonly shouldCache?: () => Promise<boolean>;
}
