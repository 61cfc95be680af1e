import { unreachable } from '../http/accept.ts';
import type { JsonObject } from '../json-object.ts';
import { textOf } from '../json-object.ts';

/** An IAM access token. Times are by this machine's clock, in milliseconds since 1970. */
export interface AccessToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Only where one was wanted and IAM gave one. It replaces the one that was sent. */
  readonly refreshToken?: string;
}

/** Who gave the answer, for messages, and when it was asked for and arrived. */
export interface Origin {
  readonly from: string;
  readonly asked: number;
  readonly now: number;
}

/** It goes into HTTP headers of other programs. */
const isVisible = /^[\x21-\x7e]+$/;

/**
 * Reads an answer of IAM (`expiration` in seconds since 1970) or of the metadata service (`expires_at`, a date). The
 * token's life is counted from when it was asked for, by `expires_in`: a machine whose clock is wrong
 * then renews in time all the same. Throws `unreachable`.
 */
export function readAccessToken(answer: JsonObject, { from, asked, now }: Origin): AccessToken {
  const token = textOf(answer, 'access_token');
  if (token === undefined) throw unreachable(`${from} answered without an access token`);
  if (!isVisible.test(token)) {
    throw unreachable(`${from} answered with an invalid access token`);
  }
  const end = endOf(answer);
  if (end !== undefined && end <= now) {
    throw unreachable(`${from} answered with an access token that has expired already`, {
      hint: 'check the clock of this machine',
    });
  }
  const life = lifeOf(answer) ?? (end === undefined ? undefined : end - asked);
  if (life === undefined) {
    throw unreachable(`${from} answered without the access token's expiry`);
  }
  const refreshToken = textOf(answer, 'refresh_token');
  return {
    token,
    issuedAt: asked,
    expiresAt: asked + life,
    ...(refreshToken === undefined || refreshToken === 'not_supported' ? {} : { refreshToken }),
  };
}

function lifeOf({ expires_in: seconds }: JsonObject): number | undefined {
  return isNumber(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function endOf(answer: JsonObject): number | undefined {
  if (isNumber(answer.expiration)) return answer.expiration * 1000;
  const date = Date.parse(textOf(answer, 'expires_at') ?? '');
  return Number.isNaN(date) ? undefined : date;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
