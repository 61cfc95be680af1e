import { debug } from '../context.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { fromDockerLogin, fromEntitlementLogin, fromIdentityToken } from './docker-login.ts';
import { fromAmbientVariable, fromOwnVariable } from './environment.ts';
import type { Found, Lookup, Source } from './lookup.ts';
import { fromMapping, fromProgramName } from './mapping.ts';
import { entitledRegistry } from './present.ts';

interface NamedSource {
  /** For debug output. */
  readonly name: string;
  readonly find: Source;
  /** After `erase` or `logout HOST`, it is skipped for that host until a login or `map` for the host. */
  readonly endsWithSignOut?: boolean;
}

/** The only list of sources, in the order of precedence. */
const ibmSources: readonly NamedSource[] = [
  { name: 'DOCKER_CREDENTIAL_ICR_API_KEY', find: fromOwnVariable },
  { name: 'the mapping', find: fromMapping, endsWithSignOut: true },
  { name: 'docker login', find: fromDockerLogin },
  { name: 'the environment', find: fromAmbientVariable, endsWithSignOut: true },
  { name: "the ibmcloud CLI's session", find: fromIbmcloudSession, endsWithSignOut: true },
  { name: 'the compute identity', find: fromComputeIdentity, endsWithSignOut: true },
  { name: 'an identity token', find: fromIdentityToken },
];

const entitledSources: readonly NamedSource[] = [
  { name: 'docker login with an entitlement key', find: fromEntitlementLogin },
  ...ibmSources,
];

/** For other registries, only stored credentials are returned. */
const otherSources: readonly NamedSource[] = [
  { name: 'docker login', find: fromDockerLogin },
  { name: 'an identity token', find: fromIdentityToken },
];

/** For `docker-credential-icr-NAME`, which uses one identity only, and is only for ICR hosts. */
const namedSources: readonly NamedSource[] = [
  { name: "the program's name", find: fromProgramName, endsWithSignOut: true },
];

function sourcesFor({ context }: Lookup, host: RegistryHost): readonly NamedSource[] {
  if (context.identity !== undefined) return isIbmHost(host) ? namedSources : [];
  return isIbmHost(host) ? sourcesOf(host) : otherSources;
}

/** Returns the credential of the first source that has one for the host; undefined if none has. */
export async function findCredential(
  lookup: Lookup,
  host: RegistryHost,
): Promise<Found | undefined> {
  const key = hostKey(host);
  const sources = sourcesFor(lookup, host);
  let isSignedOut: boolean | undefined;
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] as NamedSource;
    if (source.endsWithSignOut) isSignedOut ??= await lookup.isSignedOut(key);
    const isSkipped = source.endsWithSignOut === true && isSignedOut === true;
    const found = isSkipped ? undefined : await source.find(lookup, host);
    const result = isSkipped ? 'skipped: signed out' : describe(found);
    debug(lookup.context, `${key}: ${source.name}: ${result}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sourcesOf({ name }: RegistryHost): readonly NamedSource[] {
  return name === entitledRegistry ? entitledSources : ibmSources;
}

/** The user name is not shown, because `docker login` may have stored a secret in it. */
function describe(found: Found | undefined): string {
  if (found === undefined) return 'no credential';
  const { identity, location } = found;
  return `found ${identity === undefined ? 'a credential' : `identity ${identity}`} in ${location}`;
}

// Both are off unless the settings enable them, so their modules are loaded only then.

async function fromIbmcloudSession(lookup: Lookup): Promise<Found | undefined> {
  if ((await lookup.settings()).ibmcloudSession !== true) return undefined;
  const { foundInSession } = await import('./ibmcloud.ts');
  return foundInSession(lookup.context);
}

async function fromComputeIdentity(lookup: Lookup): Promise<Found | undefined> {
  const { computeProfile } = await lookup.settings();
  if (computeProfile === undefined) return undefined;
  const { computeIdentity } = await import('./compute.ts');
  // As the ibmcloud CLI reads it; the setting decides whether the identity is used at all.
  const named = lookup.context.env.IBMCLOUD_CR_PROFILE?.trim();
  return computeIdentity(lookup, named || computeProfile);
}
