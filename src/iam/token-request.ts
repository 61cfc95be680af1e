import type { Context } from '../context.ts';
import { type CallOptions, requestJson } from '../http/request.ts';
import type { Secrets } from '../mask.ts';
import { type AccessToken, readAccessToken } from './access-token.ts';
import { iamEndpoint } from './endpoint.ts';
import { type AssumedProfile, profileFields, type TrustedProfile } from './trusted-profile.ts';

export type { AccessToken } from './access-token.ts';

/** The credential in a token request. */
export type Grant =
  | { readonly kind: 'api-key'; readonly apiKey: string }
  | { readonly kind: 'refresh-token'; readonly refreshToken: string }
  | {
      readonly kind: 'compute-resource';
      readonly crToken: string;
      readonly profile: TrustedProfile;
    }
  | { readonly kind: 'assume'; readonly accessToken: string; readonly profile: AssumedProfile }
  | { readonly kind: 'passcode'; readonly passcode: string }
  | {
      readonly kind: 'authorization-code';
      readonly code: string;
      /** The same address as in the authorization request. */
      readonly redirectUri: string;
      /** The secret of PKCE, if the authorization request had a challenge. */
      readonly verifier: string | undefined;
      /** The token endpoint of the server that issued the code, if it is not the usual one. */
      readonly tokenUrl: URL | undefined;
    };

export interface TokenOptions extends Omit<CallOptions, 'service' | 'secrets'> {
  /** The setting `iamEndpoint`. */
  readonly endpoint?: string;
  readonly wantRefreshToken?: boolean;
}

/** The client ID of the ibmcloud CLI, which is also its password: IAM issues and accepts refresh tokens only with it. */
export const cliClientId = 'bx';
const cliClient = `Basic ${btoa(`${cliClientId}:${cliClientId}`)}`;

/** Requests an access token from IAM. Throws `refused`, `unreachable` or `misconfigured`. */
export async function requestToken(
  context: Context,
  grant: Grant,
  options: TokenOptions,
): Promise<AccessToken> {
  const requestedAt = context.now();
  const url = tokenUrlOf(context, grant, options.endpoint);
  const asCli = options.wantRefreshToken || grant.kind === 'refresh-token';
  const answer = await requestJson(
    context,
    {
      method: 'POST',
      url,
      headers: asCli ? { Authorization: cliClient } : {},
      body: new URLSearchParams(formOf(grant)),
    },
    { ...options, service: 'IAM', secrets: secretsOf(grant) },
  );
  return readAccessToken(answer, { from: `IAM at ${url.host}`, requestedAt, now: context.now() });
}

/** Returns the token endpoint. A code is exchanged where it was issued. */
function tokenUrlOf(context: Context, grant: Grant, endpoint: string | undefined): URL {
  const issuer = grant.kind === 'authorization-code' ? grant.tokenUrl : undefined;
  return issuer ?? new URL(`${iamEndpoint(context, endpoint)}/identity/token`);
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
    case 'authorization-code':
      return {
        grant_type: 'authorization_code',
        code: grant.code,
        redirect_uri: grant.redirectUri,
        response_type: 'cloud_iam',
        ...(grant.verifier === undefined ? {} : { code_verifier: grant.verifier }),
      };
  }
}

function secretsOf(grant: Grant): Secrets {
  switch (grant.kind) {
    case 'api-key':
      return [grant.apiKey];
    case 'refresh-token':
      return [grant.refreshToken];
    case 'compute-resource':
      return [grant.crToken];
    case 'assume':
      return [grant.accessToken];
    case 'passcode':
      return [grant.passcode];
    case 'authorization-code':
      return [grant.code, grant.verifier];
  }
}
