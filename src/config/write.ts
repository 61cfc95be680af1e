import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../files/lock.ts';
import { requireDirectory } from '../files/own-directories.ts';
import { cannot } from '../files/storage-error.ts';
import { requireConfigFolder } from './folders.ts';
import { readSettings } from './read-settings.ts';
import { schema } from './schema.ts';
import type { Settings } from './settings.ts';

/** Milliseconds for the commands before this one; each takes a few, or many on a machine that is busy. */
const longestWait = 30_000;

/**
 * Changes `config.json`, whole or not at all. Commands that run at the same time change it one after
 * the other, each from what the one before left: `conf` alone would let the last one win.
 * Throws `damaged` for a file that cannot be read, which is then left as it is, and `storage`.
 */
export async function updateSettings(
  context: Context,
  change: (settings: Settings) => Settings,
): Promise<void> {
  const folder = requireConfigFolder(context);
  const directory = settingsDirectory(context, folder);
  const openFile = await openerIn(context, directory);
  const lock = path.join(folder, 'config.lock');
  const limit = { limit: longestWait, otherwise: 'fail' } as const;
  const action = (_leave: unknown, isOurs: () => boolean) => {
    // What is damaged says so itself; and to open takes longer than all the rest.
    readSettings(context);
    const write = openFile();
    const settings = changed(context, change);
    if (!isOurs()) throw overtaken(folder);
    write(settings);
  };
  await withLock(context, lock, action, limit);
}

function settingsDirectory(context: Context, folder: string): string {
  try {
    return requireDirectory(context, folder).path;
  } catch (error) {
    throw error instanceof HelperError ? error : cannot('make', folder, error);
  }
}

/** This process was stopped for so long that another one took it for lost, and may have changed them. */
function overtaken(folder: string): HelperError {
  const file = path.join(folder, 'config.json');
  return new HelperError('storage', `another command was at work on ${file}; try again`);
}

/**
 * The settings as they are to be. Where `change` asked a keychain that took its time, others may have taken this
 * process for dead and changed them meanwhile: then once more, from what they left.
 */
function changed(context: Context, change: (settings: Settings) => Settings): Settings {
  for (;;) {
    const before = readSettings(context);
    const after = change(before);
    if (JSON.stringify(readSettings(context)) === JSON.stringify(before)) return after;
  }
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
    const conf = orCannot(() => new Conf<Settings>({ cwd: folder, configFileMode: 0o600, schema }));
    return (settings) =>
      orCannot(() => {
        conf.store = settings;
      });
  };
}
