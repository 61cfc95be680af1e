import type { Context } from '../context.ts';
import { join } from '../paths.ts';
import type { AccessToken } from './access-token.ts';

/** An access token as it rests in the cache. */
export interface CachedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When the root secret was set: a token minted from an older one is worth nothing. */
  readonly since: number;
  /** The last attempt to renew it, where IAM could not be reached. */
  readonly failure?: { readonly at: number; readonly why: string };
}

export interface CacheKey {
  /** The cache folder, made with mode 0700 when needed; `undefined` where there is no place for one. */
  readonly folder: string | undefined;
  /** The identity, and whatever else the token depends on. */
  readonly name: string;
  readonly since: number;
  /** IAM's address where one is configured: another IAM's token is worth nothing. */
  readonly endpoint?: string | undefined;
}

/** What its file holds. */
export interface CacheEntry extends CachedToken, Pick<CacheKey, 'name' | 'endpoint'> {}

export const ending = '.json';
/** A machine's clock may be that wrong, in milliseconds. */
const clockSkew = 5 * 60_000;
/** A token is good for a pull while it lives that long, in milliseconds. */
const shortestLife = 60_000;
/** Milliseconds between two attempts to renew: `docker build` asks two dozen times in a row. */
const restAfterFailure = 10_000;
/** So much of a token's life lies between the first renewals of many and the last. */
const renewalSpread = 0.1;
/** Milliseconds. Of a life shorter than that there is nothing to spare. */
const shortLife = 10 * 60_000;

export function cacheFile(folder: string, name: string): string {
  return join(folder, encodeURIComponent(name) + ending);
}

/** The name of a refresh token, beside the access token of the same identity. */
export function refreshTokenOf(name: string): string {
  return `${name} iamrefresh`;
}

/** `undefined` for what is none. */
export function parseEntry(text: string): CacheEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The token in a cache file, expired or not, if it is for this root secret. A damaged file is reported and ignored. */
export function tokenIn(
  context: Pick<Context, 'warn' | 'now'>,
  key: CacheKey,
  file: string,
  text: string | undefined,
): CachedToken | undefined {
  if (text === undefined) return undefined;
  const entry = parseEntry(text);
  if (entry === undefined) {
    context.warn(`the cached access token in ${file} is damaged; a new one will take its place`);
    return undefined;
  }
  return isFor(entry, key, context.now()) ? entry : undefined;
}

/** Whether it is a token for this root secret, old or not. */
export function isFor(entry: CacheEntry, key: CacheKey, now: number): boolean {
  // On some systems `Work` and `work` are one file.
  if (entry.name !== key.name || entry.since !== key.since) return false;
  return entry.endpoint === key.endpoint && entry.issuedAt - now <= clockSkew;
}

/** Whether there is nothing to do about it now: it is young, or it was tried just now. */
export function isUsable(token: CachedToken, now: number): boolean {
  if (now < renewalTime(token)) return true;
  const { failure } = token;
  if (failure === undefined || !isServable(token, now)) return false;
  return now >= failure.at && now < failure.at + restAfterFailure;
}

/** Whether it may be given out although it should have been renewed. */
export function isServable(token: CachedToken, now: number): boolean {
  return token.expiresAt - now >= shortestLife;
}

type Lifetime = Pick<AccessToken, 'token' | 'issuedAt' | 'expiresAt'>;

/**
 * When a token is to be renewed, in milliseconds since 1970: after half of its life, and up to a tenth of its life
 * later, so that machines that started together do not renew together. By the token itself, so that all who share it
 * agree.
 */
export function renewalTime({ token, issuedAt, expiresAt }: Lifetime): number {
  const life = expiresAt - issuedAt;
  return issuedAt + life * (0.5 + (life < shortLife ? 0 : renewalSpread * fractionOf(token)));
}

/** From 0 to 1, by the end of its signature. The very last letter of one takes few values. */
function fractionOf(token: string): number {
  let sum = 0;
  for (let i = Math.max(0, token.length - 5); i < token.length - 1; i++) {
    sum = (sum * 31 + token.charCodeAt(i)) % 1000;
  }
  return sum / 1000;
}

function isEntry(value: unknown): value is CacheEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry: Partial<Record<keyof CacheEntry, unknown>> = value;
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
  if (typeof value !== 'object' || value === null) return false;
  return (
    'at' in value && Number.isFinite(value.at) && 'why' in value && typeof value.why === 'string'
  );
}

export interface FreshTokenOptions extends CacheKey {
  /** Mint one even if there is one. */
  readonly force?: boolean;
  /**
   * Asks IAM, and gives up at the deadline (milliseconds since 1970). Runs in one process at a time; a refresh
   * token that comes with the answer is to be saved in here.
   */
  readonly mint: (deadline: number) => Promise<AccessToken>;
  /** Asked when IAM has answered; `false`: the token is given, but not kept. */
  readonly isToBeKept?: () => Promise<boolean>;
}
