import type { Context } from '../context.ts';
import { configFolder } from './folders.ts';
import { noSettings, requireSettings, type Settings, settingsFile } from './settings.ts';

/** Returns the settings in `config.json`, or `noSettings` if it does not exist. Throws `damaged` or `storage`. */
export async function loadSettings(context: Context): Promise<Settings> {
  const folder = configFolder(context);
  if (folder === undefined) return noSettings;
  const file = settingsFile(folder);
  return requireSettings(file, await context.files.read(context, file, 'settings'));
}
