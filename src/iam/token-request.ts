import type { Context } from '../context.ts';
import { type CallOptions, requestJson } from '../http/request.ts';
import { type AccessToken, readAccessToken } from './access-token.ts';
import { iamEndpoint } from './endpoint.ts';

export type { AccessToken } from './access-token.ts';

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

export interface TokenOptions extends Omit<CallOptions, 'service' | 'secrets'> {
  /** The setting for IAM's address, where there is one. */
  readonly endpoint?: string;
  readonly wantRefreshToken?: boolean;
}

/** `bx:bx`, what IBM's own CLI sends: without it IAM gives no refresh token and takes none. */
const cliClient = 'Basic Yng6Yng=';

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
    { ...options, service: 'IAM', secrets: [secretOf(grant)] },
  );
  return readAccessToken(answer, { from: `IAM at ${url.host}`, asked, now: context.now() });
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
