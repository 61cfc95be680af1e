import { logAccess } from '../access-log/log-access.ts';
import { configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { lifeOf } from '../identity/expiry.ts';
import { findCredential } from '../identity/find.ts';
import { type Found, type Lookup, mappingKeyFor } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import { acceptsUserName, entitledRegistry } from '../identity/present.ts';
import { requireProfileIdOrCrn } from '../identity/profile.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { ownVariable } from '../secret-variables.ts';
import { shellQuoted } from '../visible.ts';
import { keyringKey } from './keyring-key.ts';
import type { Image } from './provider-request.ts';
import { type ProviderAnswer, tokenDuration } from './provider-response.ts';

export interface NodeOptions {
  /** The name of the identity to use; mappings are ignored. */
  readonly identity?: string;
  /** The user name to present; overrides the settings. */
  readonly present?: string;
  /** The ID or CRN of the trusted profile of the machine; mappings are ignored. */
  readonly nodeProfile?: string;
}

/**
 * The kubelet uses a wrong or rotated key until its cache entry expires, and nothing but a restart clears its cache. A
 * response costs one short process, so the entry expires soon.
 */
const rootSecretCacheMs = 5 * 60_000;
/** A token may be issued this far in the future, because the clock of the node may be slow. */
const maxClockSkewMs = 5 * 60_000;

/**
 * Returns the credential of the node for the image, or undefined if none is configured. Throws `HelperError` if a
 * configured credential fails.
 */
export async function nodeAnswer(
  lookup: Lookup,
  image: Image,
  options: NodeOptions,
): Promise<ProviderAnswer | undefined> {
  const found = await findFor(lookup, image, options);
  if (found === undefined || !acceptsUserName(image.host, found.username)) {
    await warnOfMissingIdentity(lookup, image.host);
    return undefined;
  }
  const password = await found.secret();
  await logAccess(lookup.context, lookup.settings(), {
    command: 'kubelet',
    host: hostKey(image.host),
    credential: found,
    secret: password,
  });
  return {
    username: found.username,
    password,
    durationMs: durationOf(lookup.context, found, password),
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
    return computeIdentity(lookup, requireProfileIdOrCrn(nodeProfile));
  }
  if (identity !== undefined) return identityNamed(lookup, identity, present);
  const found = await findCredential(lookup, host);
  if (found === undefined || present === undefined || found.username === present) return found;
  if (found.identity !== undefined) return identityNamed(lookup, found.identity, present);
  throw new HelperError(
    'misconfigured',
    `the credential in ${found.location} for ${host.name} cannot be presented as ${present}`,
    { hint: 'run docker-credential-icr login' },
  );
}

/**
 * Returns the images that the credential is for. A credential that depends on mappings is cached for one image only:
 * another namespace of the host may have a mapping, or get one while the response is in the kubelet's cache.
 */
async function scopeOf(
  { context, settings }: Lookup,
  { host, registry }: Image,
  found: Found,
  { identity, nodeProfile }: NodeOptions,
): Promise<Pick<ProviderAnswer, 'match' | 'key'>> {
  const isFixed = (identity ?? nodeProfile) !== undefined || isSet(context, ownVariable);
  if (isFixed) return { match: registry, key: 'Registry' };
  const known = await settings();
  const key = mappingKeyFor(known, host);
  const isByNamespace = key?.includes('/') && found.identity === known.mappings[key]?.identity;
  const namespace = isByNamespace ? host.namespace : undefined;
  return { match: keyringKey(registry, namespace), key: 'Image' };
}

function isSet({ env }: Context, name: string): boolean {
  return Boolean(env[name]?.trim());
}

/**
 * Returns the milliseconds for the kubelet's cache: half of the remaining lifetime of a token, minutes for a root secret,
 * 0 if the lifetime is unknown.
 */
function durationOf(
  { now }: Context,
  { username, expiresAt: secretExpiresAt = Number.POSITIVE_INFINITY }: Found,
  password: string,
): number {
  if (username === 'iamrefresh') return 0;
  if (username !== 'iambearer' && username !== 'token') {
    return Math.min(rootSecretCacheMs, (secretExpiresAt - now()) / 2);
  }
  const { iat, exp } = lifeOf(password);
  if (typeof exp !== 'number') return 0;
  const expiresAt = exp * 1000;
  const issuedAt = typeof iat === 'number' ? iat * 1000 : 0;
  if (issuedAt > now() + maxClockSkewMs) return 0;
  // Registry tokens are not renewed.
  if (username === 'token') return (expiresAt - now()) / 2;
  return tokenDuration({ token: password, issuedAt, expiresAt }, now());
}

/**
 * Says on standard error why the response for an ICR image is empty. It is not a failure: public images need no
 * credential, and the pod may have a pull Secret.
 */
async function warnOfMissingIdentity(
  { context, isSignedOut }: Lookup,
  host: RegistryHost,
): Promise<void> {
  const { name } = host;
  const isEntitled = name === entitledRegistry;
  const folder = configFolder(context) ?? '/etc/docker-credential-icr';
  const run = `run sudo env DOCKER_CREDENTIAL_ICR_CONFIG_DIR=${shellQuoted(folder)} docker-credential-icr login`;
  if (await isSignedOut(hostKey(host))) {
    return context.warn(`${name} is signed out on this node`, `${run} ${name}`);
  }
  const what = isEntitled ? 'no entitlement key' : 'no identity';
  const how = isEntitled ? `--entitlement-key-stdin ${name}` : '--identity node';
  context.warn(`${what} is configured on this node for ${name}`, `${run} ${how}`);
}
