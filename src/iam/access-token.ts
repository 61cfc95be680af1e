import { unreachable } from '../http/accept.ts';
import type { JsonObject } from '../json-object.ts';
import { textOf } from '../json-object.ts';

/** An IAM access token. Times are in milliseconds since 1970, by this machine's clock. */
export interface AccessToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** A new refresh token, if one was requested and issued. The one in the request is then no longer valid. */
  readonly refreshToken?: string;
}

/** The sender of an answer, for messages, and the times of request and answer in milliseconds since 1970. */
interface Origin {
  readonly from: string;
  readonly requestedAt: number;
  readonly now: number;
}

/** IAM's tokens live for an hour. A time that is much later is not valid as a date. */
const maxLifetimeMs = 366 * 24 * 3600_000;

/** Other programs put the token into HTTP headers. */
const isVisible = /^[\x21-\x7e]+$/;

/**
 * Reads the access token in an answer of IAM (`expiration` in seconds since 1970) or of the metadata service
 * (`expires_at`, a date). The lifetime `expires_in` has precedence over these times, so that renewal works on a machine
 * whose clock is wrong. Throws `unreachable` if the answer lacks a valid token.
 */
export function readAccessToken(
  answer: JsonObject,
  { from, requestedAt, now }: Origin,
): AccessToken {
  const token = textOf(answer, 'access_token');
  if (token === undefined) throw unreachable(`${from} answered without an access token`);
  if (!isVisible.test(token)) {
    throw unreachable(`${from} answered with an invalid access token`);
  }
  const expiry = expiryOf(answer);
  if (expiry !== undefined && expiry <= now) {
    throw unreachable(`${from} answered with an expired access token`, {
      hint: 'check the clock of this machine',
    });
  }
  const lifetimeMs =
    lifetimeMsOf(answer) ?? (expiry === undefined ? undefined : expiry - requestedAt);
  if (lifetimeMs === undefined || lifetimeMs > maxLifetimeMs) {
    throw unreachable(`${from} answered without a valid expiry of the access token`);
  }
  const refreshToken = textOf(answer, 'refresh_token');
  return {
    token,
    issuedAt: requestedAt,
    expiresAt: requestedAt + lifetimeMs,
    ...(refreshToken === undefined || refreshToken === 'not_supported' ? {} : { refreshToken }),
  };
}

function lifetimeMsOf({ expires_in: seconds }: JsonObject): number | undefined {
  return isNumber(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function expiryOf(answer: JsonObject): number | undefined {
  if (isNumber(answer.expiration)) return answer.expiration * 1000;
  const date = Date.parse(textOf(answer, 'expires_at') ?? '');
  return Number.isNaN(date) ? undefined : date;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
