import path from 'node:path';
import type { Context } from '../context.ts';
import { cannot } from '../files/storage-error.ts';
import { type ChangeLock, settingsDirectory, withChangeLock } from './change-lock.ts';
import { readSettings } from './read-settings.ts';
import { type Settings, toFile } from './settings.ts';

/**
 * Changes `config.json`, whole or not at all. Commands that run at the same time change it one after the other, each
 * from what the one before left. `change` may also change stored secrets: it runs under their lock.
 * Throws `damaged` for a file that cannot be read, which is then left as it is, and `storage`.
 */
export async function updateSettings(
  context: Context,
  change: (settings: Settings, lock: ChangeLock) => Settings | Promise<Settings>,
): Promise<void> {
  const openFile = await openerIn(context, settingsDirectory(context));
  await withChangeLock(context, async (lock) => {
    // Damaged settings are reported before `conf` opens them.
    const before = readSettings(context);
    const write = openFile();
    const after = await change(before, lock);
    lock.requireOurs();
    try {
      write(after);
    } catch (error) {
      // If another command took over the lock, that is why the rename failed.
      lock.requireOurs();
      throw error;
    }
  });
}

/** `conf` asks for the home as soon as it is loaded, and those who only read may have none. */
async function openerIn(
  context: Context,
  folder: string,
): Promise<() => (settings: Settings) => void> {
  const file = path.join(folder, 'config.json');
  const orCannot = <Value>(action: () => Value): Value => {
    // conf subtracts the umask from the mode it is given, and refuses what its owner could not read.
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
