import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readPrivate } from '../files.ts';
import { configFolder } from './folders.ts';
import { noSettings, parseSettings, type Settings, settingsFile } from './settings.ts';
import { requireUnsharedEndpoint } from './trusted-endpoint.ts';

/** Reads `config.json`; throws `damaged` where it is not what `conf` wrote by the schema. */
export function readSettings(context: Context): Settings {
  const folder = configFolder(context);
  if (folder === undefined) return noSettings;
  const file = settingsFile(folder);
  requireUnsharedEndpoint(context, file);
  const text = readPrivate(context, file);
  if (text === undefined) return noSettings;
  const settings = parseSettings(text);
  if (settings === undefined) {
    throw new HelperError(
      'damaged',
      `the settings in ${file} are damaged; mend that file, or move it away and run docker-credential-icr login`,
    );
  }
  return settings;
}
