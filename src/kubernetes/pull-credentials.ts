import { HelperError } from '../errors.ts';
import { lifeOf } from '../identity/expiry.ts';
import { findCredential } from '../identity/find.ts';
import type { Lookup } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import { everyHost, own } from '../identity/mapping-key.ts';
import type { Found } from '../identity/source.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { privateHosts, publicHosts } from '../registry/regions.ts';
import type { PullCredential } from './pull-secret.ts';

export interface PullOptions {
  readonly identity?: string;
  /** The hosts, or `host/namespace`s, that it is for; by default all that are answered. */
  readonly keys?: readonly string[];
  /** Access tokens instead of keys. */
  readonly bearer?: boolean;
}

export interface PullCredentials {
  readonly credentials: readonly PullCredential[];
  /** When the first of them ends, in milliseconds since 1970, where that is known. */
  readonly endsAt: number | undefined;
}

/** The credentials of a Secret. Throws `not-found` where a host has none, and what goes wrong with one. */
export async function pullCredentials(
  lookup: Lookup,
  options: PullOptions,
): Promise<PullCredentials> {
  const { keys } = options;
  const minted = new Map<string, string>();
  const credentials: PullCredential[] = [];
  const ends: number[] = [];
  for (const match of keys ?? (await usualKeys(lookup, options))) {
    const found = await findFor(lookup, hostOf(match), options);
    if (found === undefined && keys === undefined) continue;
    if (found === undefined) throw nothingAnswers(match);
    const password = await secretOf(found, minted);
    credentials.push({ match, username: found.username, password });
    const end = endOf(found, password);
    if (end !== undefined) ends.push(end);
  }
  if (credentials.length === 0) throw nothingAnswers('icr.io');
  return { credentials, endsAt: ends.length === 0 ? undefined : Math.min(...ends) };
}

/** What an identity is mapped to, or everything; every host where `*` is, and where nothing is. */
async function usualKeys({ settings }: Lookup, { identity }: PullOptions): Promise<string[]> {
  const { mappings } = await settings();
  const mapped = Object.keys(mappings).filter(
    (key) => identity === undefined || own(mappings, key)?.identity === identity,
  );
  const named = mapped.filter((key) => key !== everyHost);
  const isForAll = identity === undefined || mapped.includes(everyHost) || mapped.length === 0;
  return isForAll ? [...new Set([...publicHosts, ...privateHosts, ...named])] : named;
}

/** What a cluster can use; docker's identity tokens are not of that kind. */
async function findFor(
  lookup: Lookup,
  host: RegistryHost,
  options: PullOptions,
): Promise<Found | undefined> {
  const { identity, bearer } = options;
  const found =
    identity === undefined
      ? await findCredential(lookup, host)
      : await identityNamed(lookup, identity, bearer ? 'iambearer' : undefined);
  if (found === undefined || found.username === '<token>') return undefined;
  return bearer ? asBearer(host, found) : found;
}

/** A new one, so that it lives as long as one can. */
function asBearer({ name }: RegistryHost, found: Found): Found {
  const { accessToken, identity } = found;
  if (accessToken !== undefined) {
    return { ...found, username: 'iambearer', secret: () => accessToken(true) };
  }
  const what =
    identity === undefined ? `the credential in ${found.keptIn}` : `identity ${identity}`;
  throw new HelperError('misconfigured', `${name}: no access token can be requested with ${what}`);
}

/** One identity answers for two dozen hosts: it is asked once. */
async function secretOf(found: Found, minted: Map<string, string>): Promise<string> {
  const key = `${found.identity ?? found.keptIn} ${found.username}`;
  if (found.username !== 'iambearer') return await found.secret();
  const secret = minted.get(key) ?? (await found.secret());
  minted.set(key, secret);
  return secret;
}

function endOf({ username, endsAt }: Found, password: string): number | undefined {
  if (username !== 'iambearer' && username !== 'token') return endsAt;
  const { exp } = lifeOf(password);
  return typeof exp === 'number' ? exp * 1000 : endsAt;
}

function hostOf(key: string): RegistryHost {
  const host = parseServerURL(key);
  if ('problem' in host || !isIbmHost(host)) throw nothingAnswers(key);
  return host;
}

function nothingAnswers(key: string): HelperError {
  return new HelperError('not-found', `no credential for ${key}`, {
    hint: `run docker-credential-icr login ${key}`,
  });
}
