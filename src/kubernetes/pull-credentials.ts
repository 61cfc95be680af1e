import { logAccess } from '../access-log/log-access.ts';
import { HelperError } from '../errors.ts';
import { lifeOf } from '../identity/expiry.ts';
import { findCredential } from '../identity/find.ts';
import { everyHost, type Found, type Lookup } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import { acceptsUserName, entitledRegistry } from '../identity/present.ts';
import { own } from '../json-object.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { privateHosts, publicHosts } from '../registry/regions.ts';
import { keyringKey } from './keyring-key.ts';
import type { PullCredential } from './pull-secret.ts';

export interface PullOptions {
  readonly identity?: string;
  /** `host` or `host/namespace`, each with an optional `:443`; by default all hosts that have a credential. */
  readonly keys?: readonly string[];
  /** Access tokens instead of keys. */
  readonly bearer?: boolean;
}

export interface PullCredentials {
  readonly credentials: readonly PullCredential[];
  /** The first expiry of a credential, in milliseconds since 1970; undefined if none is known. */
  readonly expiresAt: number | undefined;
}

/** Returns the credentials of a pull Secret. Throws `not-found` if a host has none, and `HelperError` if one fails. */
export async function pullCredentials(
  lookup: Lookup,
  options: PullOptions,
): Promise<PullCredentials> {
  const { keys } = options;
  const minted = new Map<string, string>();
  const credentials: PullCredential[] = [];
  const ends: number[] = [];
  for (const key of keys ?? (await usualKeys(lookup, options))) {
    const host = hostOf(key);
    const found = await findFor(lookup, host, options);
    if (found === undefined && keys === undefined) continue;
    if (found === undefined) throw noCredential(key);
    const match = keyringKey(key.replace(/\/.*/, ''), host.namespace);
    const password = await secretOf(found, minted);
    credentials.push({ match, username: found.username, password });
    const handedOut = { command: 'kubernetes secret', host: key, credential: found };
    await logAccess(lookup.context, lookup.settings(), { ...handedOut, secret: password });
    const end = endOf(found, password);
    if (end !== undefined) ends.push(end);
  }
  if (credentials.length === 0) throw noCredential('icr.io');
  return { credentials, expiresAt: ends.length === 0 ? undefined : Math.min(...ends) };
}

/** The keys that are mapped to the identity; all hosts without an identity, without a mapping, and with that of `*`. */
async function usualKeys({ settings }: Lookup, { identity }: PullOptions): Promise<string[]> {
  const { mappings } = await settings();
  const mapped = Object.keys(mappings).filter(
    (key) => identity === undefined || own(mappings, key)?.identity === identity,
  );
  const named = mapped.filter((key) => key !== everyHost);
  const isForAll = identity === undefined || mapped.includes(everyHost) || mapped.length === 0;
  return isForAll ? [...new Set([...publicHosts, ...privateHosts, ...named])] : named;
}

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
  const presented = bearer ? asBearer(host, found) : found;
  return acceptsUserName(host, presented.username) ? presented : undefined;
}

/** Returns a credential with a new access token, which has the longest lifetime. */
function asBearer({ name }: RegistryHost, found: Found): Found {
  const { accessToken, identity } = found;
  if (accessToken !== undefined) {
    return { ...found, username: 'iambearer', secret: () => accessToken(true) };
  }
  const what =
    identity === undefined ? `the credential in ${found.location}` : `identity ${identity}`;
  throw new HelperError('misconfigured', `cannot get an access token for ${name} with ${what}`, {
    hint: 'use another identity with --identity, or remove --bearer',
  });
}

/** Requests one access token for each identity, which is usually for all hosts. */
async function secretOf(found: Found, minted: Map<string, string>): Promise<string> {
  const key = `${found.identity ?? found.location} ${found.username}`;
  if (found.username !== 'iambearer') return await found.secret();
  const secret = minted.get(key) ?? (await found.secret());
  minted.set(key, secret);
  return secret;
}

function endOf({ username, expiresAt }: Found, password: string): number | undefined {
  if (username !== 'iambearer' && username !== 'token') return expiresAt;
  const { exp } = lifeOf(password);
  return typeof exp === 'number' ? exp * 1000 : expiresAt;
}

function hostOf(key: string): RegistryHost {
  const host = parseServerURL(key);
  if ('problem' in host || !isIbmHost(host)) throw noCredential(key);
  return host;
}

function noCredential(key: string): HelperError {
  const login =
    key.replace(/[:/].*/, '') === entitledRegistry
      ? 'login --entitlement-key-stdin'
      : `login ${key}`;
  return new HelperError('not-found', `no credential for ${key}`, {
    hint: `run docker-credential-icr ${login}`,
  });
}
