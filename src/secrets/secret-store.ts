import { readSettings, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { fileStore } from './file-store.ts';
import { helperStore } from './helper-store.ts';
import type { SecretStore } from './store.ts';

/** What the file store is called in the settings and where its name is typed. */
export const fileStoreName = 'file';

/** What people are shown. */
export function storeTitle({ store = fileStoreName }: Pick<Settings, 'store'>): string {
  return store === fileStoreName ? 'file store' : store;
}

/** The store that the settings name: the choice was written down, so that nobody has to probe. */
export function storeIn(context: Context, { store }: Pick<Settings, 'store'>): SecretStore {
  const isFiles = store === undefined || store === fileStoreName;
  return isFiles ? fileStore(context) : helperStore(context, store);
}

/** Throws `damaged` for settings that cannot be read. */
export function secretStore(context: Context): SecretStore {
  return storeIn(context, readSettings(context));
}

/**
 * For those who must go on all the same. Settings that cannot be read fail every IBM host, since the mapping is asked
 * first; of other registries they say nothing, and those may be in files.
 */
export function readableStore(
  context: Context,
  settings = () => readSettings(context),
): SecretStore {
  try {
    return storeIn(context, settings());
  } catch (error) {
    if (error instanceof HelperError) return fileStore(context);
    throw error;
  }
}
