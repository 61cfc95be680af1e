import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { isIdentityToken } from './identity-token.ts';
import type { Lookup } from './lookup.ts';
import type { Found } from './source.ts';

/** The root secret that `docker login HOST` stored. */
export function fromDockerLogin(lookup: Lookup, host: RegistryHost): Promise<Found | undefined> {
  return storedFor(lookup, host, false);
}

/** The last source: podman refuses to log in over an identity token, so any root secret takes precedence. */
export function fromIdentityToken(lookup: Lookup, host: RegistryHost): Promise<Found | undefined> {
  return storedFor(lookup, host, true);
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
  return {
    username: Username,
    secret: () => Secret,
    keptIn: `${await lookup.store()} (docker login)`,
  };
}
