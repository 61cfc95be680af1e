import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { type JsonObject, textOf } from './answer.ts';
import { iamEndpoint } from './endpoint.ts';
import { type CallOptions, requestJson } from './request.ts';

/** An IAM access token. Times are by this machine's clock, in milliseconds since 1970. */
export interface AccessToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Only where one was wanted and IAM gave one. It replaces the one that was sent. */
  readonly refreshToken?: string;
}

export type TrustedProfile =
  | { readonly id: string }
  | { readonly crn: string }
  | { readonly name: string };

/** A profile's name is only unique within its account; a compute resource has just one account. */
export type AssumedProfile =
  | Exclude<TrustedProfile, { readonly name: string }>
  | { readonly name: string; readonly account: string };

/** What an access token is asked for with. */
export type Grant =
  | { readonly kind: 'api-key'; readonly apiKey: string }
  | { readonly kind: 'refresh-token'; readonly refreshToken: string }
  | {
      readonly kind: 'compute-resource';
      readonly crToken: string;
      readonly profile: TrustedProfile;
    }
  | { readonly kind: 'assume'; readonly accessToken: string; readonly profile: AssumedProfile }
  | { readonly kind: 'passcode'; readonly passcode: string };

export interface TokenOptions extends Omit<CallOptions, 'service' | 'secret'> {
  /** The setting for IAM's address, where there is one. */
  readonly endpoint?: string;
  readonly wantRefreshToken?: boolean;
}

/** `bx:bx`, what IBM's own CLI sends: without it IAM gives no refresh token and takes none. */
const cliClient = 'Basic Yng6Yng=';

/** It goes into HTTP headers of other programs. */
const isVisible = /^[\x21-\x7e]+$/;

/** Asks IAM for an access token. Throws `refused`, `unreachable` or `misconfigured`. */
export async function requestToken(
  context: Context,
  grant: Grant,
  options: TokenOptions,
): Promise<AccessToken> {
  const asked = context.now();
  const url = new URL(`${iamEndpoint(context, options.endpoint)}/identity/token`);
  const asCli = options.wantRefreshToken || grant.kind === 'refresh-token';
  const answer = await requestJson(
    context,
    {
      method: 'POST',
      url,
      headers: asCli ? { Authorization: cliClient } : {},
      body: new URLSearchParams(formOf(grant)),
    },
    { ...options, service: 'IAM', secret: secretOf(grant) },
  );
  return readToken(answer, asked, context.now(), url.host);
}

function formOf(grant: Grant): Record<string, string> {
  const type = (name: string) => ({ grant_type: `urn:ibm:params:oauth:grant-type:${name}` });
  switch (grant.kind) {
    case 'api-key':
      return { ...type('apikey'), apikey: grant.apiKey, response_type: 'cloud_iam' };
    case 'refresh-token':
      return {
        grant_type: 'refresh_token',
        refresh_token: grant.refreshToken,
        response_type: 'cloud_iam',
      };
    case 'compute-resource':
      return { ...type('cr-token'), cr_token: grant.crToken, ...profileFields(grant.profile) };
    case 'assume':
      return {
        ...type('assume'),
        access_token: grant.accessToken,
        ...profileFields(grant.profile),
      };
    case 'passcode':
      return { ...type('passcode'), passcode: grant.passcode };
  }
}

function profileFields(profile: TrustedProfile | AssumedProfile): Record<string, string> {
  if ('id' in profile) return { profile_id: profile.id };
  if ('crn' in profile) return { profile_crn: profile.crn };
  const account = 'account' in profile ? { account: profile.account } : {};
  return { profile_name: profile.name, ...account };
}

function secretOf(grant: Grant): string {
  switch (grant.kind) {
    case 'api-key':
      return grant.apiKey;
    case 'refresh-token':
      return grant.refreshToken;
    case 'compute-resource':
      return grant.crToken;
    case 'assume':
      return grant.accessToken;
    case 'passcode':
      return grant.passcode;
  }
}

/**
 * The token's life is counted from when it was asked for, by `expires_in`: a machine whose clock is wrong
 * then renews in time all the same.
 */
function readToken(answer: JsonObject, asked: number, now: number, host: string): AccessToken {
  const token = textOf(answer, 'access_token');
  if (token === undefined) throw nonsense(host, 'without an access token');
  if (!isVisible.test(token)) throw nonsense(host, 'with something that is no access token');
  const { expiration, expires_in: life } = answer;
  if (typeof expiration === 'number' && expiration * 1000 <= now) {
    throw nonsense(host, 'with an access token that has expired already; check the clock here');
  }
  const left = isPositive(life) ? life * 1000 : isPositive(expiration) && expiration * 1000 - asked;
  if (!left) throw nonsense(host, 'without saying when the access token expires');
  const refreshToken = textOf(answer, 'refresh_token');
  return {
    token,
    issuedAt: asked,
    expiresAt: asked + left,
    ...(refreshToken === undefined || refreshToken === 'not_supported' ? {} : { refreshToken }),
  };
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function nonsense(host: string, what: string): HelperError {
  return new HelperError('unreachable', `IAM at ${host} answered ${what}`);
}
