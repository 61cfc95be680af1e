import { HelperError } from '../errors.ts';
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
  if (found.username === 'iamapikey') return accessTokenOfKey(lookup, found);
  throw new HelperError(
    'misconfigured',
    `user name ${found.username} (${found.keptIn}) is worth no ${force ? 'new ' : ''}access token; run docker-credential-icr login with an API key`,
  );
}

/** Not cached: nobody could tell from the cache which key it came from. */
async function accessTokenOfKey({ context, settings }: Lookup, found: Found): Promise<string> {
  const { requestToken } = await import('../iam/token.ts');
  const { iamEndpoint } = settings();
  const grant = { kind: 'api-key', apiKey: await found.secret() } as const;
  const { token } = await requestToken(context, grant, {
    ...(iamEndpoint === undefined ? {} : { endpoint: iamEndpoint }),
    owner: `the API key in ${found.keptIn}`,
    hint: 'check it, or run docker-credential-icr login',
  });
  return token;
}
