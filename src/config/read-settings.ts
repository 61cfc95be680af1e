import type { Context } from '../context.ts';
import { requireChangeable } from '../files/own-directories.ts';
import { readPrivate, rulesFor } from '../files/private-read.ts';
import { configFolder } from './folders.ts';
import { noSettings, requireSettings, type Settings, settingsFile } from './settings.ts';

/**
 * Does the same as `loadSettings`, but synchronously, for code that holds the lock. Also throws `storage` if
 * `config.json` is a dangling symlink: otherwise a secret would be stored in a file although a keychain is set.
 */
export function readSettings(context: Context): Settings {
  const folder = configFolder(context);
  if (folder === undefined) return noSettings;
  const file = settingsFile(folder);
  return requireSettings(
    file,
    readPrivate(context, file, { ...rulesFor.settings, needsTarget: true }),
  );
}

/**
 * `readSettings` for a command that changes something. Throws `storage` if root would use another user's settings: a
 * credential helper that they name would write to that user's home directory with root's permissions.
 */
export function readOwnSettings(context: Context): Settings {
  const directory = configFolder(context);
  if (directory !== undefined) requireChangeable(context, directory);
  return readSettings(context);
}
