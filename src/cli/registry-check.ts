import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { signInAsDocker } from '../registry/docker-exchange.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';

const timeoutMs = 10_000;

/**
 * Requests a token from the registry with the credential that clients get. Throws `not-found` if there is none, what the
 * lookup throws, `refused` with the registry's own words, and `unreachable`.
 */
export async function requestRegistryToken(context: Context, host: RegistryHost): Promise<void> {
  const key = hostKey(host);
  const found = await findCredential(lookupIn(context), host);
  if (found === undefined) throw new HelperError('not-found', `${key}: not logged in`);
  const credential = { Username: found.username, Secret: await found.secret() };
  await signInAsDocker(context, key, credential, context.now() + timeoutMs);
}
