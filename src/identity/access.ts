import { HelperError } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import { parseClaims } from '../jwt-claims.ts';
import type { Found, Lookup } from './lookup.ts';

/**
 * Returns an access token for a credential: from the cache if possible, with `force` always a new one. The refresh token of
 * the ibmcloud CLI's session is not used, because that would end the session. Throws `misconfigured` if the credential
 * cannot be exchanged for an access token, and IAM's errors.
 */
export async function accessTokenOf(lookup: Lookup, found: Found, force = false): Promise<string> {
  if (found.accessToken !== undefined) return found.accessToken(force);
  if (found.username === 'iambearer' && !force) return found.secret();
  if (found.username === 'iamapikey') {
    return accessTokenOfKey(lookup, `the API key in ${found.location}`, await found.secret());
  }
  const what = force ? 'a new access token' : 'an access token';
  throw new HelperError('misconfigured', `cannot get ${what} with ${nameOf(found)}`, {
    hint: 'run docker-credential-icr login with an API key',
  });
}

/** Returns the identity or the location of a credential, for messages. */
export function nameOf({ identity, location }: Found): string {
  return identity === undefined ? `the credential in ${location}` : `identity ${identity}`;
}

/**
 * Requests an access token for an API key; `owner` names the key in messages. It is not cached, because cached tokens are
 * found by the name of an identity. Throws IAM's errors.
 */
export async function accessTokenOfKey(
  { context, settings }: Lookup,
  owner: string,
  apiKey: string,
  hint = 'check the API key, or run docker-credential-icr login',
): Promise<string> {
  const { requestToken } = await import('../iam/token-request.ts');
  const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
  const endpoint = trustedEndpoint(context, await settings());
  const grant = { kind: 'api-key', apiKey } as const;
  const { token } = await requestToken(context, grant, {
    ...(endpoint === undefined ? {} : { endpoint }),
    owner,
    hint,
  });
  return token;
}

/** Returns the caller for IBM Cloud's APIs. Throws `refused` if the token does not contain an account. */
export async function toCaller(lookup: Lookup, name: string, accessToken: string): Promise<Caller> {
  const { iamId, account } = parseClaims(accessToken);
  if (iamId === undefined || account === undefined) {
    throw new HelperError('refused', `the access token of ${name} does not contain an account`, {
      hint: 'use another identity with --identity',
    });
  }
  const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
  const endpoint = trustedEndpoint(lookup.context, await lookup.settings());
  return { name, accessToken, iamId, account, endpoint };
}
