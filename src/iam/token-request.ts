import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { type CallOptions, requestJson } from '../http/request.ts';
import { textOf } from '../json-object.ts';
import { type AccessToken, readAccessToken } from './access-token.ts';
import { iamEndpoint } from './endpoint.ts';

export type { AccessToken } from './access-token.ts';

export type TrustedProfile =
  | { readonly id: string }
  | { readonly crn: string }
  | { readonly name: string };

/** A trusted profile for `assume`. A name requires the account, because it is unique only within an account. */
type AssumedProfile =
  | Exclude<TrustedProfile, { readonly name: string }>
  | { readonly name: string; readonly account: string };

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
  | { readonly kind: 'passcode'; readonly passcode: string };

export interface TokenOptions extends Omit<CallOptions, 'service' | 'secrets'> {
  /** The setting `iamEndpoint`. */
  readonly endpoint?: string;
  readonly wantRefreshToken?: boolean;
}

/** `bx:bx`, as in the ibmcloud CLI: IAM issues and accepts refresh tokens only with it. */
const cliClient = 'Basic Yng6Yng=';

/** Requests an access token from IAM. Throws `refused`, `unreachable` or `misconfigured`. */
export async function requestToken(
  context: Context,
  grant: Grant,
  options: TokenOptions,
): Promise<AccessToken> {
  const requestedAt = context.now();
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
  return readAccessToken(answer, { from: `IAM at ${url.host}`, requestedAt, now: context.now() });
}

/** Returns the address of the web page for one-time passcodes, from IAM's OpenID configuration. */
export async function passcodeEndpoint(
  context: Context,
  { endpoint, hint }: { readonly endpoint: string | undefined; readonly hint: string },
): Promise<string> {
  const base = iamEndpoint(context, endpoint);
  const answer = await requestJson(
    context,
    { method: 'GET', url: new URL(`${base}/identity/.well-known/openid-configuration`) },
    { service: 'IAM', owner: 'access to its OpenID configuration', hint },
  );
  const address = URL.parse(textOf(answer, 'passcode_endpoint') ?? '');
  // The address is opened in a browser, so another scheme could start a program.
  if (address?.protocol === 'https:') return address.href;
  throw new HelperError('unreachable', `IAM at ${base} answered without a passcode address`);
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
