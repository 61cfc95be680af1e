import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { doubtedStore, requireWorking } from './doubted-store.ts';
import { fileStore } from './file-store.ts';
import { fileStoreName, type SecretStore } from './store.ts';

/** The store that the settings name: the choice was written down, so that nobody has to probe. */
export function storeIn(
  context: Context,
  { store = fileStoreName }: Pick<Settings, 'store'>,
): SecretStore {
  return store === fileStoreName ? fileStore(context) : doubtedStore(context, store);
}

/** Throws `storage` or `misconfigured` where that store says that it keeps nothing, and could not say otherwise. */
export function requireWorkingStore(
  context: Context,
  { store = fileStoreName }: Pick<Settings, 'store'>,
): void {
  if (store !== fileStoreName) requireWorking(context, store);
}

/** Throws `damaged` for settings that cannot be read. */
export function secretStore(context: Context): SecretStore {
  return clean(context, readSettings(context));
}

/**
 * The store that the settings name. Erasing also removes the same key from every other store that may have a copy, and
 * from those first: if one fails, the command can be repeated.
 */
function clean(context: Context, settings: Pick<Settings, 'store' | 'previousStore'>): SecretStore {
  const store = storeIn(context, settings);
  const others = otherStores(context, settings);
  return {
    ...store,
    erase: (key, requireOurs) => {
      for (const other of others) other.erase(key, requireOurs);
      store.erase(key, requireOurs);
    },
  };
}

/**
 * The stores that are not in use and may have secrets: that of an interrupted `store move`, and if a keychain is in use,
 * the file store, in which a killed process or an older version may have left some.
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
 * For reading, if the settings cannot be read: they fail every IBM host, since the mapping is asked first; of other
 * registries they say nothing, and those may be in files. Writing and erasing throws what is wrong with the settings: a
 * keychain may be chosen, where files are not encrypted. What files have is erased nevertheless.
 */
export function readableStore(
  context: Context,
  settings = () => readSettings(context),
): SecretStore {
  const problem = problemOf(settings);
  if (problem === undefined) return clean(context, settings());
  const files = fileStore(context);
  return {
    ...files,
    write: () => {
      throw problem;
    },
    erase: (key, requireOurs) => {
      files.erase(key, requireOurs);
      throw notAsked(problem);
    },
  };
}

/** For an erase in files, while the settings that name the store cannot be read. */
export function notAsked({ code, message, hint }: HelperError): HelperError {
  return new HelperError(code, `${message}; a keychain may still have the secret`, { hint });
}

export function problemOf(settings: () => Settings): HelperError | undefined {
  try {
    settings();
    return undefined;
  } catch (error) {
    if (error instanceof HelperError) return error;
    throw error;
  }
}

/** Its name; `file` where the settings cannot be read. */
export function readableName(settings: () => Settings): string {
  return problemOf(settings) === undefined ? (settings().store ?? fileStoreName) : fileStoreName;
}
