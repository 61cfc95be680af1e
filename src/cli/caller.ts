import { HelperError } from '../errors.ts';
import type { Caller } from '../iam/api-call.ts';
import { parseClaims } from '../iam/claims.ts';
import { findCredential } from '../identity/find.ts';
import type { Lookup } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import type { Found } from '../identity/source.ts';
import type { Option } from './command.ts';
import { requireIbmHost } from './hosts.ts';

/** The option that names who acts; `--as` where `--identity` is somebody else. */
export const actingOption: Option = {
  type: 'string',
  alias: 'as',
  describe: 'act as this identity; otherwise as the one that answers for icr.io',
};

/**
 * Who calls IBM Cloud's APIs: the identity that was named, else the one that answers for the host.
 * Throws `not-found`, `misconfigured` for one that is worth no access token, and what IAM says.
 */
export async function callerFor(
  lookup: Lookup,
  identity: string | undefined,
  host = 'icr.io',
): Promise<Caller> {
  const found =
    identity === undefined
      ? findCredential(lookup, requireIbmHost(host))
      : identityNamed(lookup, identity);
  if (found === undefined) {
    throw new HelperError(
      'not-found',
      `nothing answers for ${host}; run docker-credential-icr login`,
    );
  }
  const accessToken = await accessTokenOf(lookup, found);
  return toCaller(lookup, nameOf(found), accessToken);
}

/** Throws `refused` for a token that does not say whose it is. */
export function toCaller(lookup: Lookup, name: string, accessToken: string): Caller {
  const { iamId, account } = parseClaims(accessToken);
  if (iamId === undefined || account === undefined) {
    throw new HelperError('refused', `the access token of ${name} names no account; use another`);
  }
  return { name, accessToken, iamId, account, endpoint: lookup.settings().iamEndpoint };
}

async function accessTokenOf(lookup: Lookup, found: Found): Promise<string> {
  if (found.accessToken !== undefined) return found.accessToken(false);
  if (found.username === 'iambearer') return found.secret();
  if (found.username !== 'iamapikey') {
    throw new HelperError(
      'misconfigured',
      `${nameOf(found)} is worth no access token; run docker-credential-icr login with an API key`,
    );
  }
  return accessTokenOfKey(lookup, nameOf(found), await found.secret());
}

function nameOf({ identity, keptIn }: Found): string {
  return identity === undefined ? `the credential in ${keptIn}` : `identity ${identity}`;
}

/** A new access token of whoever the API key belongs to. Throws what IAM says. */
export async function accessTokenOfKey(
  { context, settings }: Lookup,
  name: string,
  apiKey: string,
  hint = 'check it, or run docker-credential-icr login',
): Promise<string> {
  const { requestToken } = await import('../iam/token.ts');
  const { iamEndpoint } = settings();
  const grant = { kind: 'api-key', apiKey } as const;
  const { token } = await requestToken(context, grant, {
    ...(iamEndpoint === undefined ? {} : { endpoint: iamEndpoint }),
    owner: `the API key of ${name}`,
    hint,
  });
  return token;
}
