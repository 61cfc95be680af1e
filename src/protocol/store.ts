import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { isIdentityToken } from '../identity/identity-token.ts';
import { lookupIn } from '../identity/lookup.ts';
import type { Found } from '../identity/source.ts';
import { helperOf } from '../program-name.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { storeSecret } from '../secrets/replace-secret.ts';
import type { Credential } from '../secrets/store-types.ts';
import { readInput } from '../standard-input.ts';
import { visible } from '../visible.ts';
import { parseCredentialInput } from './credential-input.ts';
import { passOn } from './pass-on.ts';

/**
 * Stores the credential of `docker login HOST`. Does nothing if it is an echo of this program's answer: Docker calls `get`,
 * then `store` with the same credential, or with an identity token that the registry issued for it.
 */
export async function store(context: Context): Promise<string> {
  const input = await readInput(context);
  const { credential, host } = parseCredentialInput(input);
  const answer = await passOn(context, 'store', host, input);
  if (answer !== undefined) return answer;
  if (context.identity !== undefined && !isIbmHost(host)) {
    throw onlyForIbmHosts(context.identity);
  }
  // Credentials for other registries are stored without a check.
  const found = isIbmHost(host) ? await currentAnswer(context, host) : undefined;
  if (found !== undefined && (await isEcho(found, credential))) return '';
  if (context.identity !== undefined) {
    const { saveNamedLogin } = await import('../identity/named-login.ts');
    await saveNamedLogin(context, context.identity, host, credential);
    return '';
  }
  await storeSecret(context, { of: 'host', name: hostKey(host) }, credential);
  if (found?.identity === undefined) return '';
  context.warn(
    `${host.name} still uses identity ${found.identity}, not this credential`,
    `run docker-credential-icr login ${host.name}, or log out of ${host.name} and log in again`,
  );
  return '';
}

function onlyForIbmHosts(identity: string): HelperError {
  const message = `docker-credential-${visible(helperOf(identity))} stores credentials for ICR hosts only`;
  return new HelperError('invalid-input', message, {
    hint: 'use docker-credential-icr for other registries',
  });
}

/** A failure must not prevent a new login, which fixes it. */
async function currentAnswer(context: Context, host: RegistryHost): Promise<Found | undefined> {
  try {
    return await findCredential(lookupIn(context), host);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    // With docker-credential-icr-NAME, the login replaces the secret that failed.
    if (context.identity === undefined) context.warn(error.message, error.hint);
    return undefined;
  }
}

async function isEcho(found: Found, credential: Credential): Promise<boolean> {
  if (isIdentityToken(credential.Username)) return !isIdentityToken(found.username);
  if (credential.Username !== found.username) return false;
  return found.isMinted === true || credential.Secret === (await found.secret());
}
