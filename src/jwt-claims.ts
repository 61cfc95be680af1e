import { HelperError } from './errors.ts';
import { type JsonObject, parseObject } from './json-object.ts';
import { plain } from './mask.ts';

/** The claims of an IAM token. Its signature is not checked, so they are only shown, never used to grant access. */
interface Claims {
  readonly sub: string;
  /** `ServiceId` or `Profile`; absent in a user's token. */
  readonly subType?: string;
  /** The token's ID. */
  readonly id?: string;
  readonly iamId?: string;
  readonly name?: string;
  /** The account's ID. */
  readonly account?: string;
  /** In milliseconds since 1970. */
  readonly issuedAt?: number;
  /** In milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** Throws `invalid-input` if the text is not a JWT. */
export function parseClaims(jwt: string): Claims {
  const claims = payloadOf(jwt);
  if (claims === undefined) throw new HelperError('invalid-input', 'the token is not a JWT');
  const account = claims.account as { bss?: unknown } | undefined;
  return {
    sub: text(claims.sub) ?? 'unknown',
    ...defined('subType', text(claims.sub_type)),
    ...defined('id', text(claims.jti)),
    ...defined('iamId', text(claims.iam_id)),
    ...defined('name', text(claims.name)),
    ...defined('account', text(account?.bss)),
    ...defined('issuedAt', milliseconds(claims.iat)),
    ...defined('expiresAt', milliseconds(claims.exp)),
  };
}

function payloadOf(jwt: string): JsonObject | undefined {
  const [, payload, signature] = jwt.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  return parseObject(Buffer.from(payload, 'base64url').toString());
}

/** Names are untrusted text that is shown on a terminal. */
function text(value: unknown): string | undefined {
  const line = typeof value === 'string' ? plain(value) : '';
  return line === '' ? undefined : line;
}

function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function defined<Key extends string, Value>(key: Key, value: Value | undefined) {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}
