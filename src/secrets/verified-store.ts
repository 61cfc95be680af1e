import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { helperStore, type KeychainKey } from './helper-store.ts';
import type { SecretKey, SecretStore } from './store-types.ts';

// A keychain that is locked or not available may report "not found" for an existing entry. `get` does not verify that, because
// it would take too long. A command that finds nothing to erase first checks that the keychain works.

/** A keychain whose `erase` throws `storage` if the keychain reports no entry but does not work. */
export function verifiedStore(context: Context, name: string): SecretStore {
  const store = helperStore(context, name);
  return {
    ...store,
    erase: (key, assertLockHeld) => {
      if (isAbsent(store, key)) requireWorking(context, name);
      store.erase(key, assertLockHeld);
    },
  };
}

/** An error means that the keychain has an entry, or does not work: then `erase` reports it. */
function isAbsent(store: SecretStore, key: SecretKey): boolean {
  try {
    return store.read(key) === undefined;
  } catch (error) {
    if (error instanceof HelperError) return false;
    throw error;
  }
}

/**
 * Probes a keychain, unless it lists an entry of this program and so must work. Throws `storage` and `misconfigured`, with
 * the keychain's own message.
 */
export function requireWorking(context: Context, name: string): void {
  const { names } = helperStore(context, name);
  if (names('identity').length + names('host').length === 0) probeStore(context, name);
}

/**
 * Writes a test entry to a keychain, reads it back and erases it: some locked keychains list their entries but do not
 * return them. Throws `storage`, `misconfigured`.
 */
export function probeStore(context: Context, name: string): void {
  const store = helperStore(context, name);
  const key: KeychainKey = { of: 'trial', name: String(context.pid) };
  const credential = { ServerURL: key.name, Username: 'iamapikey', Secret: 'not a secret' };
  store.write(key, credential);
  try {
    if (store.read(key)?.Secret !== credential.Secret) throw notReturned(name);
  } catch (error) {
    eraseQuietly(context, name, key);
    throw error;
  }
  store.erase(key);
}

function notReturned(name: string): HelperError {
  return new HelperError('storage', `${name} does not return a secret that was just stored in it`, {
    hint: 'unlock it if it is locked, and try again',
  });
}

/** Erases the test entry; an error is ignored, because the first one is reported. */
function eraseQuietly(context: Context, name: string, key: KeychainKey): void {
  try {
    // A new store object, because the first one does not call a helper again after a timeout.
    helperStore(context, name).erase(key);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
  }
}
