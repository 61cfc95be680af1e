import path from 'node:path';
import type { Context } from '../context.ts';
import { remainingMs } from '../deadline.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../files/lock.ts';
import { requireDirectory } from '../files/own-directories.ts';
import { removeEveryTemporary, removeTemporariesOfConf } from '../files/private-write.ts';
import { cannot } from '../files/storage-error.ts';
import { requireConfigFolder, secretFolders } from './folders.ts';
import { readSettings } from './read-settings.ts';
import { settingsFile } from './settings.ts';

// One lock guards config.json and every stored secret, so that a command that replaces a secret can compare it with what
// it read before. Readers need no lock.

/** The held lock. */
export interface ChangeLock {
  /** Throws `storage` if another command has taken over the lock, which happens after this process was stopped. */
  readonly requireOurs: () => void;
  /** Lets the lock show that this process is alive, then `requireOurs`. Belongs between two calls of a keychain. */
  readonly step: () => Promise<void>;
}

export interface ChangeLockOptions {
  /** Milliseconds to wait for other commands. */
  readonly limitMs?: number;
  /** What to do if the directory cannot be locked: fail (the default), or change it without the lock. */
  readonly onTimeout?: 'fail' | 'proceed';
}

/** Each command takes a few milliseconds, or many on a busy machine. */
const defaultLimitMs = 30_000;
/** A keychain's erase can take three calls with five seconds each, during which the process shows no sign of life. */
const keychainStaleAfterMs = 16_000;

/** Runs `action` while no other command changes settings or stored secrets. Throws `storage`. */
export async function withChangeLock<T>(
  context: Context,
  action: (lock: ChangeLock) => T | Promise<T>,
  { limitMs = defaultLimitMs, onTimeout = 'fail' }: ChangeLockOptions = {},
): Promise<T> {
  const folder = requireConfigFolder(context);
  if (onTimeout === 'fail') settingsDirectory(context);
  const locked = (_leave: unknown, isOurs: () => boolean) => {
    fence(context, folder);
    const requireOurs = () => {
      if (!isOurs()) throw overtaken(folder);
    };
    const step = async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      requireOurs();
    };
    return action({ requireOurs, step });
  };
  const timeoutMs = remainingMs(context, limitMs);
  const options = { timeoutMs, onTimeout, ...staleLockOptions(context) };
  return withLock(context, path.join(folder, 'config.lock'), locked, options);
}

/** Returns the path of the directory of settings and secrets, which is made if it does not exist. Throws `storage`. */
export function settingsDirectory(context: Context): string {
  const folder = requireConfigFolder(context);
  try {
    return requireDirectory(context, folder).path;
  } catch (error) {
    throw error instanceof HelperError ? error : cannot('make', folder, error);
  }
}

/** How long the holder of a lock may show no sign of life: longer if it calls a keychain. */
export function staleLockOptions(context: Context): { readonly staleAfterMs?: number } {
  return usesKeychain(context) ? { staleAfterMs: keychainStaleAfterMs } : {};
}

/** Damaged settings are reported by the command that needs them. */
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
 * Removes the temporary files of the lock's earlier holders. If one of them was stopped right before its rename, the
 * rename fails when it continues, instead of overwriting what was written since.
 */
function fence(context: Context, folder: string): void {
  for (const name of Object.values(secretFolders)) {
    quietly(() => removeEveryTemporary(context, path.join(folder, name)));
  }
  quietly(() => removeTemporariesOfConf(context, settingsFile(folder)));
}

/** The command itself reports a directory that it cannot use. */
function quietly(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
  }
}

/** This process was stopped for so long that another one took over the lock; nothing was changed since. */
export class OvertakenError extends HelperError {}

function overtaken(folder: string): OvertakenError {
  return new OvertakenError('storage', `another command was changing ${folder} at the same time`, {
    hint: 'run the command again',
  });
}
