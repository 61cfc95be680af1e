import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { fileStore } from './file-store.ts';
import { fileStoreName, type SecretStore } from './store-types.ts';
import { requireWorking, verifiedStore } from './verified-store.ts';

/** Returns the store with the name in the settings. */
export function storeIn(
  context: Context,
  { store = fileStoreName }: Pick<Settings, 'store'>,
): SecretStore {
  return store === fileStoreName ? fileStore(context) : verifiedStore(context, store);
}

/** Throws `storage` or `misconfigured` if the store is a keychain that lists nothing and does not work. */
export function requireWorkingStore(
  context: Context,
  { store = fileStoreName }: Pick<Settings, 'store'>,
): void {
  if (store !== fileStoreName) requireWorking(context, store);
}

/** Returns the store in use. Throws `damaged` if the settings cannot be read. */
export function secretStore(context: Context): SecretStore {
  return erasingCopies(context, readSettings(context));
}

/**
 * Returns the store with the name in the settings. `erase` also erases the key from every other store that may have a
 * copy, and from those first: if one fails, the command can be repeated.
 */
function erasingCopies(
  context: Context,
  settings: Pick<Settings, 'store' | 'previousStore'>,
): SecretStore {
  const store = storeIn(context, settings);
  const others = otherStores(context, settings);
  return {
    ...store,
    erase: (key, assertLockHeld) => {
      for (const other of others) other.erase(key, assertLockHeld);
      store.erase(key, assertLockHeld);
    },
  };
}

/**
 * Returns the stores that are not in use and may have secrets: that of an interrupted `store move` and, if a keychain is
 * in use, the file store, where a killed process or an older version may have left some.
 */
export function otherStores(
  context: Context,
  {
    store = fileStoreName,
    previousStore = fileStoreName,
  }: Pick<Settings, 'store' | 'previousStore'>,
): SecretStore[] {
  const names = [...new Set([previousStore, fileStoreName])].filter((name) => name !== store);
  return names.map((name) => storeIn(context, { store: name }));
}

/**
 * Returns the store in use. If the settings cannot be read, returns the file store, which may have credentials of other
 * registries; IBM's hosts fail, because their lookup reads the settings. Then `write` throws the error of the settings,
 * which may name a keychain, and `erase` throws it after it has erased the file.
 */
export function readableStore(
  context: Context,
  settings = () => readSettings(context),
): SecretStore {
  const problem = settingsError(settings);
  if (problem === undefined) return erasingCopies(context, settings());
  const files = fileStore(context);
  return {
    ...files,
    write: () => {
      throw problem;
    },
    erase: (key, assertLockHeld) => {
      files.erase(key, assertLockHeld);
      throw keychainNotErased(problem);
    },
  };
}

/** The error after erasing from the file store only, because the settings that name the store cannot be read. */
export function keychainNotErased({ code, message, hint }: HelperError): HelperError {
  return new HelperError(code, `${message}; a keychain may still have the secret`, { hint });
}

/** Returns the error that reading the settings throws, or undefined. */
export function settingsError(settings: () => Settings): HelperError | undefined {
  try {
    settings();
    return undefined;
  } catch (error) {
    if (error instanceof HelperError) return error;
    throw error;
  }
}

/** Returns the name of the store in use; `file` if the settings cannot be read. */
export function readableName(settings: () => Settings): string {
  return settingsError(settings) === undefined
    ? (settings().store ?? fileStoreName)
    : fileStoreName;
}
