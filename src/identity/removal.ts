import type { ChangeLock } from '../config/change-lock.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { eraseTemporaries } from '../secrets/file-store.ts';
import { eraseSecret, secretOf } from '../secrets/replace-secret.ts';
import { readableStore, secretStore } from '../secrets/secret-store.ts';
import type { SecretKey, SecretStore } from '../secrets/store-types.ts';
import { removeCachedTokens } from './cached-tokens.ts';
import { endNamedSignOuts, signOut } from './signed-out.ts';

/** Removed identities and their secrets, which `cancelPendingKeys` may need to log in. */
export type Removed = ReadonlyMap<string, string | undefined>;

interface SignedOut {
  /** Identities of the removed mappings that were not removed themselves. */
  readonly kept: readonly string[];
  readonly removed: Removed;
}

/** Logs out of one host: removes its credential, its mappings and their own identities, and writes the sign-out mark. */
export async function signOutOf(context: Context, host: string): Promise<SignedOut> {
  signOut(context, host);
  eraseTemporaries(context);
  await eraseSecret(context, { of: 'host', name: host }, { onTimeout: 'fail' });
  return removeMappings(context, (settings) => keysOf(settings, host));
}

/** Removes a mapping, and the identity that was created only for it. Throws `invalid-input` if the mapping does not exist. */
export async function removeMapping(context: Context, key: string): Promise<SignedOut> {
  const { mappings } = readSettings(context);
  if (Object.hasOwn(mappings, key)) return removeMappings(context, () => [key]);
  const [host = ''] = key.split('/');
  throw new HelperError('invalid-input', `${key} has no mapping`, {
    hint: `run docker-credential-icr logout ${host} to log out of all of ${host}`,
  });
}

async function removeMappings(
  context: Context,
  keysIn: (settings: Settings) => readonly string[],
): Promise<SignedOut> {
  const removed = new Map<string, string | undefined>();
  let kept: readonly string[] = [];
  if (keysIn(readSettings(context)).length === 0) return { kept, removed };
  await updateSettings(context, async (current, lock) => {
    const keys = keysIn(current);
    const named = identitiesOf(current, keys);
    ({ kept } = named);
    await eraseSecrets(secretStore(context), named.gone, lock, removed);
    return without(current, keys, named.gone);
  });
  removeCachedTokens(context, removed.keys());
  return { kept, removed };
}

/** Returns the identities of these mappings: `gone` are removed with the mappings, `kept` are not. */
function identitiesOf(settings: Settings, keys: readonly string[]) {
  const named = [...new Set(keys.flatMap((key) => settings.mappings[key]?.identity ?? []))];
  const elsewhere = Object.values(without(settings, keys, []).mappings).map(
    ({ identity }) => identity,
  );
  // `login HOST` creates an identity with the host's name, for this host only.
  const gone = named.filter((name) => keys.includes(name) && !elsewhere.includes(name));
  return { gone, kept: named.filter((name) => !gone.includes(name)) };
}

/** Erases the credential that `docker login` stored for a registry other than IBM's. Returns true if there was one. */
export async function eraseOtherHost(context: Context, host: RegistryHost): Promise<boolean> {
  const name = hostKey(host);
  const wasListed = readableStore(context).names('host').includes(name);
  // Also if it is not listed, so that a locked keychain reports an error.
  await eraseSecret(context, { of: 'host', name });
  return wasListed;
}

/** Returns the other registries with a stored credential, in the form that can be typed. */
export function otherHosts(context: Context): string[] {
  return readableStore(context).names('host').flatMap(otherHost);
}

function otherHost(name: string): string[] {
  const host = parseServerURL(name);
  if ('problem' in host || isIbmHost(host)) return [];
  // A stored `HOST:443` is plain HTTP, because for HTTPS the default port is omitted.
  return [hostKey(host) === name ? name : `http://${name}`];
}

/**
 * Removes identities with their secrets and mappings; with `onlyIf`, only those with that secret. Pending API keys stay, for
 * `cancelPendingKeys`.
 */
export async function removeIdentities(
  context: Context,
  names: readonly string[],
  onlyIf?: string,
): Promise<Removed> {
  const removed = await removeSecretsOf(context, names, onlyIf);
  removeCachedTokens(context, removed.keys());
  endNamedSignOuts(context, [...removed.keys()]);
  return removed;
}

/** Removes identities like `removeIdentities`, but not their cached tokens. */
export async function removeSecretsOf(
  context: Context,
  names: readonly string[],
  onlyIf?: string,
): Promise<Removed> {
  eraseTemporaries(context);
  const removed = new Map<string, string | undefined>();
  await updateSettings(context, async (current, lock) => {
    const store = secretStore(context);
    const gone = names.filter(
      (name) => onlyIf === undefined || secretOf(store, { of: 'identity', name }) === onlyIf,
    );
    await eraseSecrets(store, gone, lock, removed);
    const keys = Object.keys(current.mappings).filter((key) =>
      gone.includes(current.mappings[key]?.identity ?? ''),
    );
    return without(current, keys, gone);
  });
  return removed;
}

/** Called before the settings are written, so that the command can be repeated if the keychain fails. */
export async function eraseSecrets(
  store: SecretStore,
  names: readonly string[],
  lock: ChangeLock,
  removed: Map<string, string | undefined>,
): Promise<void> {
  for (const name of names) {
    const key = { of: 'identity', name } as const;
    const secret = readableSecret(store, key);
    await lock.step();
    store.erase(key, lock.assertLockHeld);
    await lock.step();
    removed.set(name, secret);
  }
}

/** Returns undefined if the secret cannot be read; a keychain may still be able to erase it. */
function readableSecret(store: SecretStore, key: SecretKey): string | undefined {
  try {
    return secretOf(store, key);
  } catch (error) {
    if (error instanceof HelperError) return undefined;
    throw error;
  }
}

/** Returns the settings without these mappings and identities. */
export function without(
  settings: Settings,
  keys: readonly string[],
  identities: readonly string[],
): Settings {
  return {
    ...settings,
    identities: omit(settings.identities, identities),
    mappings: omit(settings.mappings, keys),
  };
}

function omit<Value>(table: Readonly<Record<string, Value>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));
}

/** Returns the mapping keys of a host and its namespaces. */
function keysOf({ mappings }: Settings, host: string): string[] {
  return Object.keys(mappings).filter((key) => key === host || key.startsWith(`${host}/`));
}
