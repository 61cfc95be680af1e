import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { lifeOf } from '../identity/expiry.ts';
import { findCredential } from '../identity/find.ts';
import type { Lookup } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import { mappingKeyFor } from '../identity/mapping-key.ts';
import { requireProfileId } from '../identity/profile.ts';
import type { Found } from '../identity/source.ts';
import { tokenDuration } from './duration.ts';
import type { Image } from './image.ts';
import type { ProviderAnswer } from './provider-response.ts';

export interface NodeOptions {
  /** Answers, whatever is mapped. */
  readonly identity?: string;
  /** The user name to answer with, whatever the settings say. */
  readonly present?: string;
  /** The node is this trusted profile, by what the machine is; answers, whatever is mapped. */
  readonly nodeProfile?: string;
}

/** Milliseconds. A root secret lasts, but one that was rotated should not be used for a day. */
const rootSecretCaching = 6 * 3600_000;
/** Milliseconds that a token may come from the future: the node's clock is slow. */
const clockSkew = 5 * 60_000;

/** What this node itself may pull with; `undefined` where nothing is known. Throws what went wrong. */
export async function nodeAnswer(
  lookup: Lookup,
  image: Image,
  options: NodeOptions,
): Promise<ProviderAnswer | undefined> {
  const found = await findFor(lookup, image, options);
  // Docker's word for an identity token: only docker's own client understands it.
  if (found === undefined || found.username === '<token>') return undefined;
  const password = await found.secret();
  return {
    username: found.username,
    password,
    duration: durationOf(lookup.context, found, password),
    ...(await scopeOf(lookup, image, found, options)),
  };
}

async function findFor(
  lookup: Lookup,
  { host }: Image,
  { identity, present, nodeProfile }: NodeOptions,
): Promise<Found | undefined> {
  if (nodeProfile !== undefined) {
    const { computeIdentity } = await import('../identity/compute.ts');
    return computeIdentity(lookup, requireProfileId(nodeProfile));
  }
  if (identity !== undefined) return identityNamed(lookup, identity, present);
  const found = await findCredential(lookup, host);
  if (found === undefined || present === undefined || found.username === present) return found;
  if (found.identity !== undefined) return identityNamed(lookup, found.identity, present);
  const { accessToken } = found;
  if (present === 'iambearer' && accessToken !== undefined) {
    return { ...found, username: present, secret: () => accessToken(false) };
  }
  throw new HelperError(
    'misconfigured',
    `the credential for ${host.name} is stored in ${found.keptIn} and cannot be presented as ${present}`,
    { hint: 'run docker-credential-icr login' },
  );
}

/**
 * Which images it is for. Where any namespace of the host has a mapping of its own, the kubelet must ask
 * for each image: what it keeps for the whole host would serve the others too.
 */
async function scopeOf(
  lookup: Lookup,
  { host, registry }: Image,
  found: Found,
  { identity, nodeProfile }: NodeOptions,
): Promise<Pick<ProviderAnswer, 'match' | 'key'>> {
  if ((identity ?? nodeProfile) !== undefined) return { match: registry, key: 'Registry' };
  const settings = await lookup.settings();
  const { mappings } = settings;
  const key = mappingKeyFor(settings, host);
  const isByNamespace = key?.includes('/') && found.identity === mappings[key]?.identity;
  const others = Object.keys(mappings).some((other) => other.startsWith(`${host.name}/`));
  return {
    match: isByNamespace ? `${registry}/${host.namespace}` : registry,
    key: others ? 'Image' : 'Registry',
  };
}

/** Half of what a token has left; hours for a root secret that lasts; none where it is not known. */
function durationOf(
  { now }: Context,
  { username, endsAt = Number.POSITIVE_INFINITY }: Found,
  password: string,
): number {
  if (username === 'iamrefresh') return 0;
  if (username !== 'iambearer' && username !== 'token') {
    return Math.min(rootSecretCaching, (endsAt - now()) / 2);
  }
  const { iat, exp } = lifeOf(password);
  if (typeof exp !== 'number') return 0;
  const expiresAt = exp * 1000;
  const issuedAt = typeof iat === 'number' ? iat * 1000 : 0;
  if (issuedAt > now() + clockSkew) return 0;
  // A registry token is never renewed.
  if (username === 'token' || issuedAt === 0) return (expiresAt - now()) / 2;
  return tokenDuration({ token: password, issuedAt, expiresAt }, now());
}
