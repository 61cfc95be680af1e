import { requireConfigFolder } from '../config/folders.ts';
import { readSettings } from '../config/read-settings.ts';
import type { IdentityKind, Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { usableStore } from '../secrets/choose.ts';
import { storeIn } from '../secrets/secret-store.ts';
import { fileStoreName, storeTitle } from '../secrets/store-types.ts';
import { tryStore } from '../secrets/trial.ts';
import { visible } from '../visible.ts';

/**
 * The store to begin with, where none is in use yet: the one that was asked for, else the keychain that
 * works here, else files. `undefined` where it stays as it is. Throws `invalid-input` where another one
 * holds secrets already, `misconfigured` where the one that was asked for is not there, `storage` where it does not
 * work.
 */
export function storeFor(
  context: Context,
  current: Settings,
  wanted: string | undefined,
): string | undefined {
  if (isInUse(context, current)) {
    refuseOther(current, wanted);
    return undefined;
  }
  if (wanted === undefined) return usableStore(context) ?? fileStoreName;
  if (wanted !== fileStoreName) tryStore(context, wanted);
  return wanted;
}

/** Writes the choice to the settings, so that no later command probes again. The choice of another login takes precedence. */
export async function keepIn(context: Context, chosen: string): Promise<void> {
  await updateSettings(context, (current) => {
    const store = isInUse(context, current) ? (current.store ?? fileStoreName) : chosen;
    return { ...current, store };
  });
}

const secretNames: Readonly<Record<IdentityKind, string>> = {
  'api-key': 'API key',
  'refresh-token': 'Refresh token',
  'entitlement-key': 'Entitlement key',
  'registry-token': 'Registry token',
  'trusted-profile': 'Trusted profile',
};

/** Returns the line that names the place of a saved secret: `API key saved in pass`. */
export function savedIn(context: Context, kind: IdentityKind): string {
  const { store = fileStoreName } = readSettings(context);
  const place = store === fileStoreName ? `${shortPath(context)} (not encrypted)` : visible(store);
  return `${secretNames[kind]} saved in ${place}`;
}

/** The directory of the file store, with `~` for the home directory. */
function shortPath(context: Context): string {
  const folder = requireConfigFolder(context);
  const home = context.env.HOME;
  return home && folder.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder;
}

function isInUse(context: Context, current: Settings): boolean {
  if (current.store !== undefined) return true;
  const files = storeIn(context, { store: fileStoreName });
  return files.names('identity').length + files.names('host').length > 0;
}

function refuseOther(current: Settings, wanted: string | undefined): void {
  const store = current.store ?? fileStoreName;
  if (wanted === undefined || wanted === store) return;
  throw new HelperError('invalid-input', `secrets are already stored in ${storeTitle(current)}`, {
    hint: `run docker-credential-icr store move ${wanted}`,
  });
}
