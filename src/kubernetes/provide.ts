import type { Context } from '../context.ts';
import { lifeOf } from '../identity/expiry.ts';
import { findCredential } from '../identity/find.ts';
import { type Lookup, lookupIn } from '../identity/lookup.ts';
import { identityNamed, mappingKeyFor } from '../identity/mapping.ts';
import type { Found } from '../identity/source.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { type PodOptions, podToken } from './pod-identity.ts';
import { parseProviderRequest } from './request.ts';
import { type Caching, type ProviderAnswer, providerResponse } from './response.ts';

export interface ProvideOptions extends Omit<PodOptions, 'endpoint'> {
  readonly identity?: string;
  readonly present?: string;
}

/** Milliseconds. A root secret lasts, but a rotated one should not be used for a day. */
const rootSecretCaching = 6 * 3600_000;

const nothing: Caching = { key: 'Image', duration: 0 };

/**
 * Answers the kubelet: a CredentialProviderRequest in, a CredentialProviderResponse out. Nothing known
 * is an empty answer; what is configured and failed is thrown.
 */
export async function provide(
  context: Context,
  text: string,
  options: ProvideOptions,
): Promise<string> {
  const request = parseProviderRequest(text);
  const { apiVersion, image, serviceAccountToken } = request;
  const host = parseServerURL(image);
  if ('problem' in host || !isIbmHost(host))
    return providerResponse(apiVersion, undefined, nothing);
  const lookup = lookupIn(context);
  if (serviceAccountToken !== undefined) {
    const endpoint = lookup.settings().iamEndpoint;
    const pod = await podToken(context, request, { ...options, endpoint });
    if (pod !== undefined) {
      const answer = { match: host.name, username: 'iambearer', password: pod.token };
      return providerResponse(apiVersion, answer, forToken(context, pod.expiresAt));
    }
  }
  const found = nodeCredential(lookup, host, options);
  if (found === undefined) return providerResponse(apiVersion, undefined, nothing);
  const password = await found.secret();
  const scope = scopeOf(lookup, host, options);
  const answer: ProviderAnswer = { match: scope.match, username: found.username, password };
  return providerResponse(apiVersion, answer, {
    key: scope.key,
    duration: durationOf(context, found, password),
  });
}

function nodeCredential(
  lookup: Lookup,
  host: RegistryHost,
  { identity, present }: ProvideOptions,
): Found | undefined {
  if (identity !== undefined) return identityNamed(lookup, identity, present);
  return findCredential(lookup, host);
}

/**
 * Which images the answer is for. Where any namespace of the host has a mapping of its own, the
 * kubelet must ask for each image: an answer kept for the whole host would serve the others too.
 */
function scopeOf(
  lookup: Lookup,
  host: RegistryHost,
  { identity }: ProvideOptions,
): { match: string; key: Caching['key'] } {
  if (identity !== undefined) return { match: host.name, key: 'Registry' };
  const { mappings } = lookup.settings();
  const key = mappingKeyFor(lookup.settings(), host);
  const byNamespace = Object.keys(mappings).some((other) => other.startsWith(`${host.name}/`));
  const match = key?.includes('/') ? key : host.name;
  return { match, key: byNamespace ? 'Image' : 'Registry' };
}

function forToken(context: Context, expiresAt: number): Caching {
  return { key: 'Registry', duration: (expiresAt - context.now()) / 2 };
}

/** Half of what a token has left; hours for a root secret that lasts; none where it is not known. */
function durationOf(context: Context, { username, endsAt }: Found, password: string): number {
  if (username === 'iambearer' || username === 'token') {
    const { exp } = lifeOf(password);
    return typeof exp === 'number' ? (exp * 1000 - context.now()) / 2 : 0;
  }
  if (username === 'iamrefresh' || username === '<token>') return 0;
  const left = endsAt === undefined ? rootSecretCaching : (endsAt - context.now()) / 2;
  return Math.min(rootSecretCaching, left);
}
