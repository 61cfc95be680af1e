import { isUsable } from '../config/settings.ts';
import { own } from '../json-object.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { type Found, type Lookup, mappingKeyFor } from './lookup.ts';
import { isIdentityToken } from './present.ts';

/** Returns the credential that `docker login HOST` stored, unless it is an identity token. */
export function fromDockerLogin(lookup: Lookup, host: RegistryHost): Promise<Found | undefined> {
  return storedFor(lookup, host, false);
}

/**
 * Returns the identity token that `docker login HOST` stored. It is the last source: podman refuses to log in if the current
 * credential is an identity token, so all others take precedence.
 */
export function fromIdentityToken(lookup: Lookup, host: RegistryHost): Promise<Found | undefined> {
  return storedFor(lookup, host, true);
}

/**
 * What `docker login cp.icr.io` stored: an entitlement key, or the identity token for one. It has precedence over
 * credentials for every host, because this host accepts no other user name, and yields only to a mapped entitlement key.
 */
export async function fromEntitlementLogin(
  lookup: Lookup,
  host: RegistryHost,
): Promise<Found | undefined> {
  const settings = await lookup.settings();
  const { identity = '' } = settings.mappings[mappingKeyFor(settings, host) ?? ''] ?? {};
  const mapped = own(settings.identities, identity);
  if (mapped !== undefined && isUsable(mapped) && mapped.kind === 'entitlement-key') {
    return undefined;
  }
  const found = await storedFor(lookup, host, false);
  return found?.username === 'cp' ? found : await storedFor(lookup, host, true);
}

async function storedFor(
  lookup: Lookup,
  host: RegistryHost,
  asToken: boolean,
): Promise<Found | undefined> {
  const credential = await lookup.stored({ of: 'host', name: hostKey(host) });
  if (credential === undefined || isIdentityToken(credential.Username) !== asToken)
    return undefined;
  const { Username, Secret } = credential;
  const expiresAt = Username === 'token' ? await endOfToken(Secret) : undefined;
  return {
    username: Username,
    expiresAt,
    secret: () => Secret,
    location: `${await lookup.store()} (docker login)`,
    isDockerLogin: true,
  };
}

/** Loaded only for registry tokens, which are deprecated. */
async function endOfToken(jwt: string): Promise<number | undefined> {
  const { endOfJwt } = await import('./expiry.ts');
  return endOfJwt(jwt);
}
