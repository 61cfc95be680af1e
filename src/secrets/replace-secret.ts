import {
  type ChangeLock,
  type ChangeLockOptions,
  LockLostError,
  withChangeLock,
} from '../config/change-lock.ts';
import { configFolder } from '../config/folders.ts';
import { readOwnSettings, readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { existingDirectory } from '../files/own-directories.ts';
import { readableName, readableStore, secretStore, storeIn } from './secret-store.ts';
import {
  type AssertLockHeld,
  type Credential,
  fileStoreName,
  type SecretKey,
  type SecretStore,
} from './store-types.ts';
import { probeStore } from './verified-store.ts';

/**
 * The protocol verbs have a deadline, so they continue without the lock after this time. It leaves enough time to call a
 * keychain.
 */
const protocolLimitMs = 3500;
const protocolLock = { limitMs: protocolLimitMs, onTimeout: 'proceed' } as const;

const maxAttempts = 3;

/** Runs an action under the change lock, and repeats it if another process took over the lock. */
async function locked<T>(
  context: Context,
  action: (lock: ChangeLock) => T | Promise<T>,
  options?: ChangeLockOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withChangeLock(context, action, options);
    } catch (error) {
      if (!(error instanceof LockLostError) || attempt === maxAttempts) throw error;
    }
  }
}

/** Runs `change` on the store in use, under the change lock. Throws `storage` and `damaged`. */
export function changeSecrets<T>(
  context: Context,
  change: (store: SecretStore, lock: ChangeLock) => T | Promise<T>,
  options?: ChangeLockOptions,
): Promise<T> {
  return locked(context, (lock) => change(secretStore(context), lock), options);
}

/** Compare and swap: stores `next` and returns true if the stored secret is `expected` (undefined: none). */
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
    store.write(key, next, lock.assertLockHeld);
    return true;
  };
  return changeSecrets(context, replace, options);
}

/**
 * Writes the stored secret again and reads it back. Called before a token is requested that IAM issues only once, so that
 * a full disk, a read-only directory or a locked keychain throws `storage` before the token is lost. Returns false if
 * another command has changed the stored secret.
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
    store.write(key, credential, lock.assertLockHeld);
    await lock.step();
    if (secretOf(store, key) === credential.Secret) return true;
    throw new HelperError(
      'storage',
      `the credential store does not return the secret of ${key.name} that was just stored in it`,
      { hint: 'unlock it, then try again' },
    );
  };
  return changeSecrets(context, rewrite, options);
}

/** Returns undefined if the secret does not exist or is damaged. */
export function secretOf(store: SecretStore, key: SecretKey): string | undefined {
  try {
    return store.read(key)?.Secret;
  } catch (error) {
    if (error instanceof HelperError && error.code === 'damaged') return undefined;
    throw error;
  }
}

/**
 * Stores a credential from `docker login`; of two parallel logins the last one wins. Throws `damaged` if the settings
 * cannot be read: they may name a keychain, and the file store is not encrypted.
 */
export async function storeSecret(
  context: Context,
  key: SecretKey,
  credential: Credential,
): Promise<void> {
  // Before the lock, which creates the directory.
  readOwnSettings(context);
  await locked(
    context,
    ({ assertLockHeld }) => write(context, key, credential, assertLockHeld),
    protocolLock,
  );
}

/** Writes again if `store move` has changed the store meanwhile, which can happen without the lock. */
function write(
  context: Context,
  key: SecretKey,
  credential: Credential,
  assertLockHeld: AssertLockHeld,
): void {
  const storeName = () => readSettings(context).store ?? fileStoreName;
  const store = storeName();
  storeIn(context, { store }).write(key, credential, assertLockHeld);
  if (storeName() === store) return;
  write(context, key, credential, assertLockHeld);
  storeIn(context, { store }).erase(key, assertLockHeld);
}

/**
 * Erases a credential of `docker login`. If `store move` changes the store meanwhile, erases it from the new store as well.
 * If the settings cannot be read, erases it from the file store, then throws `damaged`.
 */
export async function eraseSecret(
  context: Context,
  key: SecretKey,
  options: ChangeLockOptions = protocolLock,
): Promise<void> {
  const directory = configFolder(context);
  // The lock would create the directory.
  if (directory === undefined || existingDirectory(context, directory, 'own') === undefined) return;
  const settings = () => readSettings(context);
  const erase = ({ assertLockHeld }: ChangeLock) => {
    let store: string;
    do {
      store = readableName(settings);
      readableStore(context, settings).erase(key, assertLockHeld);
    } while (readableName(settings) !== store);
  };
  await locked(context, erase, options);
}

/** The length of IAM's refresh tokens, which are the longest secrets, rounded up. */
const probeLength = 8192;

/**
 * Writes a test entry to the store and to the file store, and erases it: a login calls this before it uses a token that IAM
 * accepts only once. Throws `storage` and `misconfigured`.
 */
export async function requireWritable(context: Context, store: string | undefined): Promise<void> {
  if (store !== undefined && store !== fileStoreName) probeStore(context, store);
  const key = { of: 'identity', name: '(trial)' } as const;
  const credential = { ServerURL: key.name, Username: 'trial', Secret: 'x'.repeat(probeLength) };
  await withChangeLock(context, ({ assertLockHeld }) => {
    // The settings are in the same directory.
    const files = storeIn(context, { store: fileStoreName });
    files.write(key, credential, assertLockHeld);
    files.erase(key, assertLockHeld);
  });
}
