import { readSettings } from '../../config/read-settings.ts';
import { noSettings, type Settings } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { pendingIdentities, readPendingKey } from '../../identity/pending-key.ts';
import { shellQuoted, visible } from '../../visible.ts';

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

/** An API key that an interrupted command may have created in IAM; an element of `pendingKeys` in the JSON of `status`. */
export interface PendingRow {
  readonly identity: string;
  /** The ID of the key; absent if the command was interrupted before IAM's response. */
  readonly id?: string;
  /** The ID of the key that it replaces. */
  readonly replaces?: string;
  /** The error if its record cannot be read. */
  readonly problem?: string;
  /** The command that completes the rotation, or deletes the key. */
  readonly hint: string;
}

/** Returns the pending API keys of all identities, removed ones included. Throws `storage` and `damaged`. */
export function pendingRows(context: Context, { identities }: Settings): PendingRow[] {
  return pendingIdentities(context).map((identity) => {
    const command = Object.hasOwn(identities, identity) ? 'api-key rotate' : 'logout --identity';
    const hint = `run docker-credential-icr ${command} ${shellQuoted(identity)}`;
    return { identity, ...detailsOf(context, identity), hint };
  });
}

function detailsOf(context: Context, identity: string): Omit<PendingRow, 'identity' | 'hint'> {
  try {
    const { newId, oldId } = readPendingKey(context, identity) ?? {};
    return {
      ...(newId === undefined ? {} : { id: newId }),
      ...(oldId === undefined ? {} : { replaces: oldId }),
    };
  } catch (error) {
    if (error instanceof HelperError) return { problem: error.message };
    throw error;
  }
}

/** Returns two lines for `status`: the pending key, and the command for it. */
export function pendingLines({ identity, id, problem, hint }: PendingRow): string[] {
  const key = id === undefined ? 'an API key' : `API key ${id}`;
  const reason = problem === undefined ? '' : ` (${problem})`;
  const state = `pending: ${key} of identity ${identity} may be active in IAM${reason}`;
  return [visible(state), `  ${visible(hint)}`];
}
