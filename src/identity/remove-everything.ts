import { type ChangeLock, withChangeLock } from '../config/change-lock.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { requireEveryIdentity } from '../secrets/every-identity.ts';
import { eraseTemporaries, fileStore } from '../secrets/file-store.ts';
import {
  keychainNotErased,
  otherStores,
  requireWorkingStore,
  secretStore,
  settingsError,
} from '../secrets/secret-store.ts';
import { fileStoreName, type SecretStore } from '../secrets/store-types.ts';
import { removeAllCachedTokens } from './cached-tokens.ts';
import { identityOfPending, pendingIdentities } from './pending-key.ts';
import { eraseSecrets, type Removed, removeSecretsOf } from './removal.ts';
import { endNamedSignOuts } from './signed-out.ts';

/**
 * Removes all identities, mappings and cached tokens, and the credentials of `docker login` for IBM's hosts. Pending API
 * keys stay, for `cancelPendingKeys`. If the settings cannot be read, empties the file store, then throws
 * `damaged`. Throws `storage` before any change if the keychain does not list all secrets, or later if it cannot erase one.
 */
export async function removeEverything(context: Context): Promise<Removed> {
  const problem = settingsError(() => readSettings(context));
  if (problem !== undefined) {
    await withChangeLock(context, (lock) => sweep(fileStore(context), lock, isPending));
    removeTraces(context);
    throw keychainNotErased(problem);
  }
  requireAllSecrets(context, readSettings(context));
  const removed = new Map<string, string | undefined>();
  // One by one, each secret before its settings, so that the command can be repeated if the keychain fails.
  for (const name of Object.keys(readSettings(context).identities)) {
    for (const [gone, secret] of await removeSecretsOf(context, [name])) removed.set(gone, secret);
  }
  await updateSettings(context, async (current, lock) => {
    const store = secretStore(context);
    // A login may have added identities meanwhile.
    const names = [...new Set([...Object.keys(current.identities), ...store.names('identity')])];
    const gone = names.filter((name) => !isPending(name));
    await eraseSecrets(store, gone, lock, removed);
    await sweep(store, lock, isPending);
    for (const other of otherStores(context, current)) await sweep(other, lock);
    return { ...current, identities: {}, mappings: {} };
  });
  for (const name of pendingIdentities(context)) {
    if (!removed.has(name)) removed.set(name, undefined);
  }
  endNamedSignOuts(context, [...removed.keys()]);
  removeTraces(context);
  return removed;
}

function removeTraces(context: Context): void {
  eraseTemporaries(context);
  removeAllCachedTokens(context);
}

function isPending(name: string): boolean {
  return identityOfPending(name) !== undefined;
}

/** Erases the secrets of identities and IBM's hosts. */
async function sweep(
  store: SecretStore,
  lock: ChangeLock,
  isKept: (identity: string) => boolean = () => false,
): Promise<void> {
  for (const name of store.names('identity').filter((each) => !isKept(each))) {
    await lock.step();
    store.erase({ of: 'identity', name }, lock.assertLockHeld);
  }
  for (const name of store.names('host')) {
    const host = parseServerURL(name);
    if ('problem' in host || !isIbmHost(host)) continue;
    await lock.step();
    store.erase({ of: 'host', name }, lock.assertLockHeld);
  }
}

/** Throws `storage` if the keychain does not list all secrets: one that is locked or not available may list none. */
function requireAllSecrets(context: Context, settings: Settings): void {
  const { store: name = fileStoreName } = settings;
  if (name === fileStoreName) return;
  requireEveryIdentity(settings, { name, store: secretStore(context) });
  requireWorkingStore(context, settings);
}
