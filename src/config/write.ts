import path from 'node:path';
import type { Context } from '../context.ts';
import { cannot } from '../files/storage-error.ts';
import { type ChangeLock, settingsDirectory, withChangeLock } from './change-lock.ts';
import { readSettings } from './read-settings.ts';
import { type Settings, toFile } from './settings.ts';

/**
 * Changes `config.json` atomically and under a lock, so concurrent commands do not lose each other's changes. `change`
 * may also change stored secrets, which the same lock protects. Throws `damaged` or `storage`, and leaves the file
 * unchanged.
 */
export async function updateSettings(
  context: Context,
  change: (settings: Settings, lock: ChangeLock) => Settings | Promise<Settings>,
): Promise<void> {
  const openFile = await openerIn(context, settingsDirectory(context));
  await withChangeLock(context, async (lock) => {
    // Reports damaged settings before `conf` opens them.
    const before = readSettings(context);
    const write = openFile();
    const after = await change(before, lock);
    lock.assertLockHeld();
    try {
      write(after);
    } catch (error) {
      // The rename fails if another command has taken over the lock.
      lock.assertLockHeld();
      throw error;
    }
  });
}

/** Loads `conf` only before a write: it requires a home directory, which commands that only read may not have. */
async function openerIn(
  context: Context,
  folder: string,
): Promise<() => (settings: Settings) => void> {
  const file = path.join(folder, 'config.json');
  const orCannot = <Value>(action: () => Value): Value => {
    // conf applies the umask to its file mode, and fails if the owner then cannot read the file.
    const umask = context.umask(0o077);
    try {
      return action();
    } catch (error) {
      throw cannot('write', file, error);
    } finally {
      context.umask(umask);
    }
  };
  const { default: Conf } = await import('conf').catch((error) => {
    throw cannot('write', file, error);
  });
  return () => {
    const conf = orCannot(() => new Conf({ cwd: folder, configFileMode: 0o600 }));
    return (settings) => {
      const contents = toFile(settings);
      orCannot(() => {
        conf.store = contents;
      });
    };
  };
}
