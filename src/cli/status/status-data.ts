import { readSettings } from '../../config/read-settings.ts';
import { noSettings, type Settings } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { type PendingRow, pendingRows } from './pending-keys.ts';

/** Returns no settings if they cannot be read: the error is already reported for each host. */
export function settingsOf(context: Context): Settings {
  try {
    return readSettings(context);
  } catch (error) {
    if (error instanceof HelperError) return noSettings;
    throw error;
  }
}

/** Returns the error if the store or the settings cannot be read. */
export function tryPendingRows(context: Context, settings: Settings): PendingRow[] | HelperError {
  try {
    return pendingRows(context, settings);
  } catch (error) {
    if (error instanceof HelperError) return error;
    throw error;
  }
}
