import type { Context } from '../context.ts';
import type { AccessToken } from './access-token.ts';
import { type CachedToken, type CacheKey, readToken } from './cache-file.ts';

// Every `get` of an access token comes through here: no axios, no lock until one has to be minted.

export interface FreshTokenOptions extends CacheKey {
  /** Mint one even if there is one. */
  readonly force?: boolean;
  /**
   * Asks IAM, and gives up at the deadline (milliseconds since 1970). Runs in one process at a time; a refresh
   * token that comes with the answer is to be saved in here.
   */
  readonly mint: (deadline: number) => Promise<AccessToken>;
  /** Asked when IAM has answered; `false`: the token is given, but not kept. */
  readonly isToBeKept?: () => boolean;
}

/** A token is good for a pull while it lives that long, in milliseconds. */
const shortestLife = 60_000;
/** Milliseconds between two attempts to renew: `docker build` asks two dozen times in a row. */
const restAfterFailure = 10_000;
/** So much of a token's life lies between the first renewals of many and the last. */
const renewalSpread = 0.1;
/** Milliseconds. Of a life shorter than that there is nothing to spare. */
const shortLife = 10 * 60_000;

type Lifetime = Pick<AccessToken, 'token' | 'issuedAt' | 'expiresAt'>;

/**
 * An access token, from the cache until half of its life is over, or a little more; then one process mints another, and
 * the rest wait for it. Where IAM cannot be reached, one with a minute left is still given, with a warning.
 * Throws what `mint` throws.
 */
export async function freshToken(
  context: Context,
  options: FreshTokenOptions,
): Promise<CachedToken> {
  const old = readToken(context, options);
  const given =
    old !== undefined && !options.force && isUsable(old, context.now())
      ? old
      : await (await import('./flight.ts')).mintOnce(context, options, old);
  return warned(context, options, given);
}

/** The token that `freshToken` would give without asking IAM. */
export function cachedToken(context: Context, key: CacheKey): CachedToken | undefined {
  const token = readToken(context, key);
  if (token === undefined || !isUsable(token, context.now())) return undefined;
  return warned(context, key, token);
}

/**
 * When a token is to be renewed, in milliseconds since 1970: after half of its life, and up to a tenth of its life
 * later, so that machines that started together do not renew together. By the token itself, so that all who share it agree.
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

function warned(context: Context, { name }: CacheKey, token: CachedToken): CachedToken {
  if (token.failure !== undefined) {
    const minutes = Math.floor((token.expiresAt - context.now()) / 60_000);
    context.warn(
      `${token.failure.why}; the access token of ${name} is good for ${minutes} min more`,
    );
  }
  return token;
}
