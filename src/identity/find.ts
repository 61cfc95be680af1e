import { debug } from '../context.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { fromComputeIdentity } from './compute.ts';
import { fromDockerLogin, fromIdentityToken } from './docker-login.ts';
import { fromAmbientVariable, fromOwnVariable } from './environment.ts';
import { fromIbmcloudSession } from './ibmcloud.ts';
import type { Lookup } from './lookup.ts';
import { fromMapping } from './mapping.ts';
import type { Found, Source } from './source.ts';

/** In the order in which they are asked, with the names that a debug line gives them. */
const ibmSources: readonly (readonly [name: string, from: Source])[] = [
  ['DOCKER_CREDENTIAL_ICR_API_KEY', fromOwnVariable],
  ['the mapping', unlessSignedOut(fromMapping)],
  ['docker login', fromDockerLogin],
  ['the environment', unlessSignedOut(fromAmbientVariable)],
  ["the ibmcloud CLI's session", unlessSignedOut(fromIbmcloudSession)],
  ['the compute identity', unlessSignedOut(fromComputeIdentity)],
  ['an identity token', fromIdentityToken],
];

/** For other registries we are a plain store: what was stored, and nothing that is IBM's. */
const otherSources: typeof ibmSources = [
  ['docker login', fromDockerLogin],
  ['an identity token', fromIdentityToken],
];

/** The credential of the first source that has one for the host; `undefined` where none has. */
export function findCredential(lookup: Lookup, host: RegistryHost): Found | undefined {
  for (const [name, from] of isIbmHost(host) ? ibmSources : otherSources) {
    const found = from(lookup, host);
    if (found !== undefined) return found;
    debug(lookup.context, `${hostKey(host)}: nothing from ${name}`);
  }
  return undefined;
}

function unlessSignedOut(from: Source): Source {
  return (lookup, host) => (lookup.isSignedOut(hostKey(host)) ? undefined : from(lookup, host));
}
