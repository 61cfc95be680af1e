import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import type { Credential } from '../secrets/store.ts';
import { isIdentityToken } from './identity-token.ts';
import type { Lookup } from './lookup.ts';
import type { Found } from './source.ts';

/** The root secret that `docker login HOST` stored. */
export async function fromDockerLogin(
  lookup: Lookup,
  host: RegistryHost,
): Promise<Found | undefined> {
  const credential = await storedFor(lookup, host);
  return credential === undefined || isIdentityToken(credential.Username)
    ? undefined
    : found(lookup, credential);
}

/** Asked last of all: podman refuses to log in over an identity token, so any root secret goes first. */
export async function fromIdentityToken(
  lookup: Lookup,
  host: RegistryHost,
): Promise<Found | undefined> {
  const credential = await storedFor(lookup, host);
  return credential !== undefined && isIdentityToken(credential.Username)
    ? found(lookup, credential)
    : undefined;
}

function storedFor({ stored }: Lookup, host: RegistryHost): Promise<Credential | undefined> {
  return stored({ of: 'host', name: hostKey(host) });
}

async function found(lookup: Lookup, { Username, Secret }: Credential): Promise<Found> {
  const keptIn = `${await lookup.store()} (docker login)`;
  return { username: Username, secret: () => Secret, keptIn };
}
