import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { helperStore } from './helper-store.ts';
import type { SecretKey, SecretStore } from './store-types.ts';
import { tryStore } from './trial.ts';

// A keychain that was not unlocked yet, or whose place is not there, may say that it has nothing, in the very words
// of one that really has nothing. A `get` has no time to doubt that; whoever forgets something for it has.

/** A keychain whose word that there was nothing to erase is not taken before it has shown that it works. */
export function doubtedStore(context: Context, name: string): SecretStore {
  const store = helperStore(context, name);
  return {
    ...store,
    erase: (key, requireOurs) => {
      if (isAbsent(store, key)) requireWorking(context, name);
      store.erase(key, requireOurs);
    },
  };
}

/** Whatever else it says of the secret, it has one. */
function isAbsent(store: SecretStore, key: SecretKey): boolean {
  try {
    return store.read(key) === undefined;
  } catch (error) {
    if (error instanceof HelperError) return false;
    throw error;
  }
}

/**
 * Believes a keychain that lists something of ours; one that lists nothing is tried. Throws `storage` and
 * `misconfigured`, with what the keychain says.
 */
export function requireWorking(context: Context, name: string): void {
  const { names } = helperStore(context, name);
  if (names('identity').length + names('host').length === 0) tryStore(context, name);
}
