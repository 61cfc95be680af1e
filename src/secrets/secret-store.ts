import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { doubtedStore, requireWorking } from './doubted-store.ts';
import { fileStore } from './file-store.ts';
import { fileStoreName, type SecretStore } from './store-types.ts';

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
 * The store that the settings name. If that is a keychain, erasing also removes what the file store has under the same
 * key: a killed process, or an older version that could not read the settings, may have left it there.
 */
function clean(context: Context, settings: Pick<Settings, 'store'>): SecretStore {
  const store = storeIn(context, settings);
  if ((settings.store ?? fileStoreName) === fileStoreName) return store;
  return {
    ...store,
    erase: (key, requireOurs) => {
      fileStore(context).erase(key, requireOurs);
      store.erase(key, requireOurs);
    },
  };
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
