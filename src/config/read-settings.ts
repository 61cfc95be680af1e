import type { Context } from '../context.ts';
import { readPrivate, rulesFor } from '../files/private-read.ts';
import { configFolder } from './folders.ts';
import { noSettings, requireSettings, type Settings, settingsFile } from './settings.ts';

/**
 * Does the same as `loadSettings`, but synchronously, for code that holds the lock. Throws `storage` if `config.json` is
 * a dangling symlink: a secret would be stored in a file although a keychain is set.
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
