import { HelperError } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import { parseClaims } from '../jwt-claims.ts';
import type { Lookup } from './lookup.ts';
import type { Found } from './source.ts';

/**
 * An access token for whoever is behind a credential: from the cache where an identity has one there, a new
 * one with `force`. The refresh token of somebody else's session is left alone: using it would end that session.
 * Throws `misconfigured` for what is worth none, and what IAM says.
 */
export async function accessTokenOf(lookup: Lookup, found: Found, force = false): Promise<string> {
  if (found.accessToken !== undefined) return found.accessToken(force);
  if (found.username === 'iambearer' && !force) return found.secret();
  if (found.username === 'iamapikey') {
    return accessTokenOfKey(lookup, `the API key in ${found.keptIn}`, await found.secret());
  }
  const what = force ? 'a new access token' : 'an access token';
  throw new HelperError('misconfigured', `cannot get ${what} with ${nameOf(found)}`, {
    hint: 'run docker-credential-icr login with an API key',
  });
}

/** What a message calls whoever is behind a credential. */
export function nameOf({ identity, keptIn }: Found): string {
  return identity === undefined ? `the credential in ${keptIn}` : `identity ${identity}`;
}

/**
 * A new access token of whoever the API key belongs to; `owner` names the key in messages. It is not cached: nobody
 * could tell from the cache which key it came from. Throws what IAM says.
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

/** Throws `refused` for a token that does not say whose it is. */
export async function toCaller(lookup: Lookup, name: string, accessToken: string): Promise<Caller> {
  const { iamId, account } = parseClaims(accessToken);
  if (iamId === undefined || account === undefined) {
    throw new HelperError('refused', `the access token of ${name} has no account`, {
      hint: 'use another identity with --identity',
    });
  }
  const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
  const endpoint = trustedEndpoint(lookup.context, await lookup.settings());
  return { name, accessToken, iamId, account, endpoint };
}
