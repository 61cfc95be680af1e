import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { doubtedStore, requireWorking } from './doubted-store.ts';
import { fileStore } from './file-store.ts';
import { type Credential, fileStoreName, type SecretKey, type SecretStore } from './store.ts';

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
  return storeIn(context, { store: readableName(settings) });
}

/**
 * Writes to the readable store. Nobody waits for `store move`: where it has put another store in place meanwhile, what
 * it may have missed is put there.
 */
export function keepSecret(context: Context, key: SecretKey, credential: Credential): void {
  const settings = () => readSettings(context);
  const store = readableName(settings);
  storeIn(context, { store }).write(key, credential);
  if (readableName(settings) === store) return;
  keepSecret(context, key, credential);
  storeIn(context, { store }).erase(key);
}

/** Its name; `file` where the settings cannot be read. */
export function readableName(settings: () => Settings): string {
  try {
    return settings().store ?? fileStoreName;
  } catch (error) {
    if (error instanceof HelperError) return fileStoreName;
    throw error;
  }
}
