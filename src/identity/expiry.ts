import type { Context } from '../context.ts';
import { parseObject } from '../json-object.ts';
import { shellQuoted } from '../visible.ts';

const dayMs = 24 * 60 * 60_000;

/** A credential that expires sooner is reported by `status`, `doctor` and `api-key rotate`. */
export const warnBeforeMs = 14 * dayMs;

/** The latest time of a JavaScript date. */
const lastTime = 8.64e15;

/** Returns undefined if it is not a time in milliseconds since 1970 that a date can have. */
export function validTime(time: unknown): number | undefined {
  return typeof time === 'number' && Math.abs(time) <= lastTime ? time : undefined;
}

/** Returns when a JWT expires, in milliseconds since 1970; undefined if it has no expiry. */
export function endOfJwt(jwt: string): number | undefined {
  const { exp } = lifeOf(jwt);
  return typeof exp === 'number' ? validTime(exp * 1000) : undefined;
}

/** Returns the day, in UTC: `2026-03-14`. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The remaining part of a token's lifetime at which warnings start. */
const warningPart = 0.1;
/** The lifetime of a token without an issue time: IBM's registry tokens expired after a day, or never. */
const defaultLifetimeMs = dayMs;

/** Warns if a registry token (a JWT) has expired or expires soon. */
export function warnOfExpiry(context: Context, identity: string, jwt: string): void {
  const { iat, exp } = lifeOf(jwt);
  if (typeof exp !== 'number') return;
  const leftMs = exp * 1000 - context.now();
  const lifetimeMs = typeof iat === 'number' ? (exp - iat) * 1000 : defaultLifetimeMs;
  if (leftMs > Math.max(lifetimeMs * warningPart, 0)) return;
  const when = new Date(exp * 1000).toISOString();
  context.warn(
    `the registry token of identity ${identity} ${leftMs > 0 ? 'expires' : 'expired'} at ${when}; registry tokens are deprecated`,
    `run docker-credential-icr login --identity ${shellQuoted(identity)} with an API key`,
  );
}

/** Returns the issue and expiry times of a JWT in seconds since 1970; an empty object if the text is not a JWT. */
export function lifeOf(jwt: string): { iat?: unknown; exp?: unknown } {
  const payload = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString();
  return parseObject(payload) ?? {};
}
