import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { isIdentityToken } from '../identity/identity-token.ts';
import { lookupIn } from '../identity/lookup.ts';
import type { Found } from '../identity/source.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { keepSecret } from '../secrets/secret-store.ts';
import type { Credential } from '../secrets/store.ts';
import { parseCredentialInput, readInput } from './input.ts';
import { passOn } from './others.ts';

/**
 * Keeps what `docker login HOST` hands over, unless it is only an echo of our own answer: Docker
 * calls `get` and then `store` with what it got, or with an identity token the registry gave for it.
 */
export async function store(context: Context): Promise<void> {
  const input = readInput(context);
  const { credential, host } = parseCredentialInput(input);
  if (passOn(context, 'store', host, input)) return;
  // For other registries we are a plain store: the last one counts.
  const found = isIbmHost(host) ? currentAnswer(context, host) : undefined;
  if (found !== undefined && (await isEcho(found, credential))) return;
  keepSecret(context, { of: 'host', name: hostKey(host) }, credential);
  if (found?.identity === undefined) return;
  context.warn(
    `${host.name} stays with identity ${found.identity}; to use what was typed now, ` +
      `log out of ${host.name} first, or run docker-credential-icr login ${host.name}`,
  );
}

/** What is broken now must not keep a person from logging in anew, which is how it is mended. */
function currentAnswer(context: Context, host: RegistryHost): Found | undefined {
  try {
    return findCredential(lookupIn(context), host);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(inOneLine(error));
    return undefined;
  }
}

async function isEcho(found: Found, credential: Credential): Promise<boolean> {
  if (isIdentityToken(credential.Username)) return !isIdentityToken(found.username);
  if (credential.Username !== found.username) return false;
  return found.isMinted === true || credential.Secret === (await found.secret());
}
