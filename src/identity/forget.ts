import { type ChangeLock, withChangeLock } from '../config/change-lock.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { requireEveryIdentity } from '../secrets/every-identity.ts';
import { eraseTemporaries, fileStore } from '../secrets/file-store.ts';
import { eraseSecret, secretOf } from '../secrets/replace-secret.ts';
import {
  keychainNotErased,
  requireWorkingStore,
  secretStore,
  settingsError,
} from '../secrets/secret-store.ts';
import { fileStoreName, type SecretKey, type SecretStore } from '../secrets/store-types.ts';
import { forgetMintedTokens, forgetTokens } from './forget-tokens.ts';
import { identityOfPending, pendingIdentities } from './pending-key.ts';
import { signOut } from './signed-out.ts';

/** Identities that were removed, with their secrets: what cancels a pending API key may need those to sign in. */
export type Removed = ReadonlyMap<string, string | undefined>;

export interface SignedOut {
  /** The identities that are kept, and that answered by a mapping that was removed. */
  readonly kept: readonly string[];
  readonly removed: Removed;
}

/** Signs one host out: what was kept for it alone goes, and nothing else answers for it any more. */
export async function signOutOf(context: Context, host: string): Promise<SignedOut> {
  signOut(context, host);
  eraseTemporaries(context);
  await eraseSecret(context, { of: 'host', name: host }, { onTimeout: 'fail' });
  return forgetMappings(context, (settings) => keysOf(settings, host));
}

/**
 * Forgets a mapping, and the identity that was made for it alone. Throws `invalid-input` where there is no such
 * mapping.
 */
export async function forgetNamespace(context: Context, key: string): Promise<SignedOut> {
  const { mappings } = readSettings(context);
  if (Object.hasOwn(mappings, key)) return forgetMappings(context, () => [key]);
  const [host = ''] = key.split('/');
  throw new HelperError('invalid-input', `${key} has no identity of its own`, {
    hint: `run docker-credential-icr logout ${host} to log out of all of ${host}`,
  });
}

async function forgetMappings(
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
  for (const name of removed.keys()) forgetTokens(context, name);
  return { kept, removed };
}

/** What is mapped by these keys: the identities that go with them, and those that are kept. */
function identitiesOf(settings: Settings, keys: readonly string[]) {
  const named = [...new Set(keys.flatMap((key) => settings.mappings[key]?.identity ?? []))];
  const elsewhere = Object.values(without(settings, keys, []).mappings).map(
    ({ identity }) => identity,
  );
  // An identity that is named like a key was made by its login, for it alone.
  const gone = named.filter((name) => keys.includes(name) && !elsewhere.includes(name));
  return { gone, kept: named.filter((name) => !gone.includes(name)) };
}

/**
 * Removes identities with their secrets and whatever is mapped to them; with `onlyIf`, those whose secret that is. Their
 * pending API keys stay, for `cancelPendingKeys`.
 */
export async function forgetIdentities(
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
  for (const name of removed.keys()) forgetTokens(context, name);
  return removed;
}

/**
 * Removes every identity, every mapping, every token, and what `docker login` stored for IBM's hosts; pending API keys
 * stay, for `cancelPendingKeys`. Throws `damaged` if the settings cannot be read, after what is in files was removed;
 * `storage` before anything is removed if a keychain does not know of what it should have, and later if it does not
 * erase.
 */
export async function forgetEverything(context: Context): Promise<Removed> {
  const problem = settingsError(() => readSettings(context));
  if (problem !== undefined) {
    await withChangeLock(context, (lock) => sweep(fileStore(context), lock, isPending));
    forgetTraces(context);
    throw keychainNotErased(problem);
  }
  requireWhole(context, readSettings(context));
  const removed = new Map<string, string | undefined>();
  // One after the other, the secret before the settings: where a keychain refuses, the rest can be asked for again.
  for (const name of Object.keys(readSettings(context).identities)) {
    for (const [gone, secret] of await forgetIdentities(context, [name])) removed.set(gone, secret);
  }
  await updateSettings(context, async (current, lock) => {
    const store = secretStore(context);
    // A login may have added identities meanwhile.
    const names = [...new Set([...Object.keys(current.identities), ...store.names('identity')])];
    const gone = names.filter((name) => !isPending(name));
    await eraseSecrets(store, gone, lock, removed);
    await sweep(store, lock, isPending);
    // Also with a keychain: an older version may have left secrets in files.
    if ((current.store ?? fileStoreName) !== fileStoreName) await sweep(fileStore(context), lock);
    return { ...current, identities: {}, mappings: {} };
  });
  for (const name of pendingIdentities(context)) {
    if (!removed.has(name)) removed.set(name, undefined);
  }
  forgetTraces(context);
  return removed;
}

function forgetTraces(context: Context): void {
  eraseTemporaries(context);
  forgetMintedTokens(context);
}

function isPending(name: string): boolean {
  return identityOfPending(name) !== undefined;
}

/** The secret goes before the settings: where a keychain refuses, the command can be repeated. */
async function eraseSecrets(
  store: SecretStore,
  names: readonly string[],
  lock: ChangeLock,
  removed: Map<string, string | undefined>,
): Promise<void> {
  for (const name of names) {
    const key = { of: 'identity', name } as const;
    const secret = readableSecret(store, key);
    await lock.step();
    store.erase(key, lock.requireOurs);
    await lock.step();
    removed.set(name, secret);
  }
}

/** A keychain that does not give a secret may erase it all the same. */
function readableSecret(store: SecretStore, key: SecretKey): string | undefined {
  try {
    return secretOf(store, key);
  } catch (error) {
    if (error instanceof HelperError) return undefined;
    throw error;
  }
}

/** Erases the secrets of identities and IBM's hosts. */
async function sweep(
  store: SecretStore,
  lock: ChangeLock,
  isKept: (identity: string) => boolean = () => false,
): Promise<void> {
  for (const name of store.names('identity').filter((each) => !isKept(each))) {
    await lock.step();
    store.erase({ of: 'identity', name }, lock.requireOurs);
  }
  for (const name of store.names('host')) {
    const host = parseServerURL(name);
    if ('problem' in host || !isIbmHost(host)) continue;
    await lock.step();
    store.erase({ of: 'host', name }, lock.requireOurs);
  }
}

/** A keychain that is locked, or elsewhere, may list nothing; files that are not there are not there. */
function requireWhole(context: Context, settings: Settings): void {
  const { store: name = fileStoreName } = settings;
  if (name === fileStoreName) return;
  requireEveryIdentity(settings, { name, store: secretStore(context) });
  requireWorkingStore(context, settings);
}

/** The settings without these mappings and identities. */
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

/** The mappings of a host and of its namespaces. */
function keysOf({ mappings }: Settings, host: string): string[] {
  return Object.keys(mappings).filter((key) => key === host || key.startsWith(`${host}/`));
}
