import {
  type ChangeLock,
  type ChangeLockOptions,
  LockLostError,
  withChangeLock,
} from '../config/change-lock.ts';
import { configFolder } from '../config/folders.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { existingDirectory } from '../files/own-directories.ts';
import { readableName, readableStore, secretStore, storeIn } from './secret-store.ts';
import {
  type Credential,
  fileStoreName,
  type RequireOurs,
  type SecretKey,
  type SecretStore,
} from './store-types.ts';

/**
 * Milliseconds that a client of Docker's protocol waits for other commands before it goes on without the lock: that
 * leaves enough time for a call of a keychain.
 */
const protocolLimitMs = 3500;
const protocolLock = { limitMs: protocolLimitMs, otherwise: 'proceed' } as const;

/** How often a command that lost the lock begins again: each time, another one was done. */
const attempts = 3;

/** For changes that can be repeated from the start. */
async function locked<T>(
  context: Context,
  action: (lock: ChangeLock) => T | Promise<T>,
  options?: ChangeLockOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withChangeLock(context, action, options);
    } catch (error) {
      if (!(error instanceof LockLostError) || attempt === attempts) throw error;
    }
  }
}

/** Runs `change` on the store in use while no other command changes a secret. Throws `storage` and `damaged`. */
export function changeSecrets<T>(
  context: Context,
  change: (store: SecretStore, lock: ChangeLock) => T | Promise<T>,
  options?: ChangeLockOptions,
): Promise<T> {
  return locked(context, (lock) => change(secretStore(context), lock), options);
}

/**
 * Compare and swap: stores `next` if the stored secret is still `expected` (`undefined`: none), else returns false and
 * changes nothing.
 */
export function replaceSecret(
  context: Context,
  key: SecretKey,
  expected: string | undefined,
  next: Credential,
  options?: ChangeLockOptions,
): Promise<boolean> {
  const replace = async (store: SecretStore, lock: ChangeLock) => {
    if (secretOf(store, key) !== expected) return false;
    await lock.step();
    store.write(key, next, lock.requireOurs);
    return true;
  };
  return changeSecrets(context, replace, options);
}

/**
 * Writes the stored secret again and reads it back, before a token is requested that can be requested only once: a full
 * disk, a read-only directory or a locked keychain throws `storage` here, when nothing is lost yet. Returns false if the
 * stored secret is not `credential` any more.
 */
export function requireReplaceable(
  context: Context,
  key: SecretKey,
  credential: Credential,
  options?: ChangeLockOptions,
): Promise<boolean> {
  const rewrite = async (store: SecretStore, lock: ChangeLock) => {
    if (secretOf(store, key) !== credential.Secret) return false;
    await lock.step();
    store.write(key, credential, lock.requireOurs);
    await lock.step();
    if (secretOf(store, key) === credential.Secret) return true;
    throw new HelperError('storage', `the secret store does not return what ${key.name} stores`, {
      hint: 'unlock it, then try again',
    });
  };
  return changeSecrets(context, rewrite, options);
}

/** The stored secret, or `undefined` if there is none or it is damaged. */
export function secretOf(store: SecretStore, key: SecretKey): string | undefined {
  try {
    return store.read(key)?.Secret;
  } catch (error) {
    if (error instanceof HelperError && error.code === 'damaged') return undefined;
    throw error;
  }
}

/**
 * Stores what `docker login` brings; of two logins at once the last one wins. Throws if the settings cannot be read: the
 * keychain that they may name must not be replaced by files.
 */
export async function keepSecret(
  context: Context,
  key: SecretKey,
  credential: Credential,
): Promise<void> {
  // Before the lock, so that nothing is created if this throws.
  readSettings(context);
  await locked(
    context,
    ({ requireOurs }) => keep(context, key, credential, requireOurs),
    protocolLock,
  );
}

/** Without the lock, a `store move` may have put another store in place meanwhile. */
function keep(
  context: Context,
  key: SecretKey,
  credential: Credential,
  requireOurs: RequireOurs,
): void {
  const nameNow = () => readSettings(context).store ?? fileStoreName;
  const store = nameNow();
  storeIn(context, { store }).write(key, credential, requireOurs);
  if (nameNow() === store) return;
  keep(context, key, credential, requireOurs);
  storeIn(context, { store }).erase(key, requireOurs);
}

/**
 * Erases what `docker login` stored, from the store that is in use at the end. If the settings cannot be read, what is
 * in files is erased, then their error is thrown.
 */
export async function eraseSecret(
  context: Context,
  key: SecretKey,
  options: ChangeLockOptions = protocolLock,
): Promise<void> {
  const folder = configFolder(context);
  // A directory that does not exist has nothing to erase, and is not made to lock it.
  if (folder === undefined || existingDirectory(context, folder, 'own') === undefined) return;
  const settings = () => readSettings(context);
  const erase = ({ requireOurs }: ChangeLock) => {
    let store: string;
    do {
      store = readableName(settings);
      readableStore(context, settings).erase(key, requireOurs);
    } while (readableName(settings) !== store);
  };
  await locked(context, erase, options);
}
