import path from 'node:path';
import { type Context, remainingMs, sleep } from '../context.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../files/lock.ts';
import { requireDirectory } from '../files/own-directories.ts';
import { removeEveryTemporary, removeTemporariesOfConf } from '../files/private-write.ts';
import { cannot } from '../files/storage-error.ts';
import { requireConfigFolder, secretFolders } from './folders.ts';
import { readSettings } from './read-settings.ts';
import { settingsFile } from './settings.ts';

// One lock protects config.json and all stored secrets, so a command that replaces a secret can compare it with the one
// it read before. Readers need no lock.

/** The held lock. */
export interface ChangeLock {
  /** Throws `storage` if another command has taken over the lock because this process was stopped. */
  readonly assertLockHeld: () => void;
  /** Lets the lock's heartbeat run, then calls `assertLockHeld`. Call it between two keychain calls, which block. */
  readonly step: () => Promise<void>;
}

export interface ChangeLockOptions {
  /** The timeout for other commands to release the lock. */
  readonly limitMs?: number;
  /** What to do if the directory cannot be locked: fail (the default), or proceed without the lock. */
  readonly onTimeout?: 'fail' | 'proceed';
}

/** A command holds the lock for a few milliseconds, but longer on a busy machine. */
const defaultLimitMs = 30_000;
/** Deleting a keychain entry can block the process, and its heartbeat, for three calls of five seconds. */
const keychainStaleAfterMs = 16_000;

/** Runs `action` while no other command changes settings or stored secrets. Throws `storage`. */
export async function withChangeLock<T>(
  context: Context,
  action: (lock: ChangeLock) => T | Promise<T>,
  { limitMs = defaultLimitMs, onTimeout = 'fail' }: ChangeLockOptions = {},
): Promise<T> {
  const folder = requireConfigFolder(context);
  if (onTimeout === 'fail') settingsDirectory(context);
  const locked = (_leave: unknown, isHeld: () => boolean) => {
    removeStaleTemporaries(context, folder);
    return action(heldLock(isHeld, () => lockLost(folder)));
  };
  const timeoutMs = remainingMs(context, limitMs);
  const options = { timeoutMs, onTimeout, ...staleLockOptions(context) };
  return withLock(context, path.join(folder, 'config.lock'), locked, options);
}

/** Returns the checks of a lock that is held; they throw the error of `lost`. */
export function heldLock(isHeld: () => boolean, lost: () => HelperError): ChangeLock {
  const assertLockHeld = () => {
    if (!isHeld()) throw lost();
  };
  const step = async () => {
    await sleep(0);
    assertLockHeld();
  };
  return { assertLockHeld, step };
}

/** Returns the directory of settings and secrets. Creates it if it does not exist. Throws `storage`. */
export function settingsDirectory(context: Context): string {
  const folder = requireConfigFolder(context);
  try {
    return requireDirectory(context, folder).path;
  } catch (error) {
    throw error instanceof HelperError ? error : cannot('make', folder, error);
  }
}

/**
 * Returns the lock option for the time without a heartbeat after which a lock is stale: longer if a keychain is used.
 */
export function staleLockOptions(context: Context): { readonly staleAfterMs?: number } {
  return usesKeychain(context) ? { staleAfterMs: keychainStaleAfterMs } : {};
}

/** Returns false for damaged settings: the command that needs them reports them. */
function usesKeychain(context: Context): boolean {
  try {
    const { store = 'file', previousStore = 'file' } = readSettings({ ...context, warn: () => {} });
    return store !== 'file' || previousStore !== 'file';
  } catch (error) {
    if (error instanceof HelperError) return false;
    throw error;
  }
}

/**
 * Removes the temporary files of processes that held the lock before. If one of them was stopped before its rename and
 * continues later, the rename then fails instead of overwriting newer data.
 */
function removeStaleTemporaries(context: Context, folder: string): void {
  for (const name of Object.values(secretFolders)) {
    ignoreHelperError(() => removeEveryTemporary(context, path.join(folder, name)));
  }
  ignoreHelperError(() => removeTemporariesOfConf(context, settingsFile(folder)));
}

/** Ignores a directory that cannot be used: the command itself reports it. */
function ignoreHelperError(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
  }
}

/** Another process took over the lock because this one was stopped. This process has changed nothing since then. */
export class LockLostError extends HelperError {}

function lockLost(folder: string): LockLostError {
  return new LockLostError('storage', `another command was changing ${folder} at the same time`, {
    hint: 'run the command again',
  });
}
