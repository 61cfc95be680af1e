import type { Context } from '../context.ts';
import { parseObject } from '../json-object.ts';

/** How much of a token's life is left when we begin to warn. */
const nearTheEnd = 0.1;
/** Milliseconds, for one that does not say when it began: IBM's lived for a day, where they ended at all. */
const usualLife = 24 * 60 * 60_000;

/** Warns if a registry token (a JWT) has expired or expires soon. */
export function warnOfExpiry(context: Context, identity: string, jwt: string): void {
  const { iat, exp } = lifeOf(jwt);
  if (typeof exp !== 'number') return;
  const left = exp * 1000 - context.now();
  const life = typeof iat === 'number' ? (exp - iat) * 1000 : usualLife;
  if (left > Math.max(life * nearTheEnd, 0)) return;
  const when = new Date(exp * 1000).toISOString();
  context.warn(
    `the registry token of identity ${identity} ${left > 0 ? 'expires' : 'expired'} at ${when}; registry tokens are deprecated`,
    `run docker-credential-icr login --identity ${identity} with an API key`,
  );
}

/** Seconds since 1970, both; nothing for what is no JWT, which the registry will say better. */
export function lifeOf(jwt: string): { iat?: unknown; exp?: unknown } {
  const payload = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString();
  return parseObject(payload) ?? {};
}
