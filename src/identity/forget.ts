import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { requireEveryIdentity } from '../secrets/every-identity.ts';
import { eraseTemporaries, fileStore } from '../secrets/file-store.ts';
import {
  notAsked,
  problemOf,
  readableStore,
  requireWorkingStore,
  secretStore,
} from '../secrets/secret-store.ts';
import { fileStoreName, type SecretStore } from '../secrets/store.ts';
import { forgetMintedTokens, forgetTokens } from './forget-tokens.ts';
import { erasePendingKey } from './pending-key.ts';
import { signOut } from './signed-out.ts';

/**
 * Signs one host out: what was kept for it alone goes, and nothing else answers for it any more.
 * Returns the identities that are kept, and that answered for it by a mapping of its own.
 */
export async function signOutOf(context: Context, host: string): Promise<string[]> {
  signOut(context, host);
  eraseTemporaries(context);
  readableStore(context).erase({ of: 'host', name: host });
  return forgetMappings(context, (settings) => keysOf(settings, host));
}

/**
 * Forgets a mapping, and the identity that was made for it alone. Returns the identity that is kept, if any. Throws
 * `invalid-input` where there is no such mapping.
 */
export async function forgetNamespace(context: Context, key: string): Promise<string[]> {
  const { mappings } = readSettings(context);
  if (Object.hasOwn(mappings, key)) return forgetMappings(context, () => [key]);
  const [host = ''] = key.split('/');
  throw new HelperError(
    'invalid-input',
    `${key} has no identity of its own; to sign out of all of ${host}, run docker-credential-icr logout ${host}`,
  );
}

async function forgetMappings(
  context: Context,
  keysIn: (settings: Settings) => readonly string[],
): Promise<string[]> {
  const current = readSettings(context);
  if (keysIn(current).length === 0) return [];
  // Before the settings forget them: a keychain that refuses now can be asked again.
  for (const name of identitiesOf(current, keysIn(current)).gone) eraseSecrets(context, name);
  let left = identitiesOf(current, keysIn(current));
  await updateSettings(context, (latest) => {
    const keys = keysIn(latest);
    left = identitiesOf(latest, keys);
    return without(latest, keys, left.gone);
  });
  for (const name of left.gone) forgetTokens(context, name);
  return left.kept;
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

/** Removes identities with their secrets and whatever is mapped to them. */
export async function forgetIdentities(context: Context, names: readonly string[]): Promise<void> {
  eraseTemporaries(context);
  for (const name of names) eraseSecrets(context, name);
  await updateSettings(context, (current) => {
    const keys = Object.keys(current.mappings).filter((key) =>
      names.includes(current.mappings[key]?.identity ?? ''),
    );
    return without(current, keys, names);
  });
  for (const name of names) forgetTokens(context, name);
}

/**
 * Removes every identity, every mapping, every token, and what `docker login` stored for IBM's hosts. Throws `damaged`
 * if the settings cannot be read, after what is in files was removed; `storage` before anything is removed where a keychain does not know of what it should have, and later where it does
 * not erase.
 */
export async function forgetEverything(context: Context): Promise<void> {
  const problem = problemOf(() => readSettings(context));
  if (problem !== undefined) {
    forgetFiles(context);
    throw notAsked(problem);
  }
  requireWhole(context, readSettings(context));
  // One after the other, the secret before the settings: where a keychain refuses, the rest can be asked for again.
  for (const name of Object.keys(readSettings(context).identities)) {
    await forgetIdentities(context, [name]);
  }
  await updateSettings(context, (current) => ({ ...current, identities: {}, mappings: {} }));
  // A move may go over to another store meanwhile.
  let store: string | undefined;
  do {
    ({ store } = readSettings(context));
    sweep(secretStore(context));
  } while (readSettings(context).store !== store);
  forgetFiles(context);
}

/** Also with a keychain: an older version may have left secrets in files. */
function forgetFiles(context: Context): void {
  sweep(fileStore(context));
  eraseTemporaries(context);
  forgetMintedTokens(context);
}

function sweep(secrets: SecretStore): void {
  for (const name of secrets.names('identity')) secrets.erase({ of: 'identity', name });
  for (const name of secrets.names('host')) {
    const host = parseServerURL(name);
    if (!('problem' in host) && isIbmHost(host)) secrets.erase({ of: 'host', name });
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

function eraseSecrets(context: Context, name: string): void {
  // There is none as a rule, which a keychain is believed while it lists the other one.
  erasePendingKey(context, name);
  secretStore(context).erase({ of: 'identity', name });
}

/** The mappings of a host and of its namespaces. */
function keysOf({ mappings }: Settings, host: string): string[] {
  return Object.keys(mappings).filter((key) => key === host || key.startsWith(`${host}/`));
}
