import { requireConfigFolder } from '../config/folders.ts';
import { readOwnSettings, readSettings } from '../config/read-settings.ts';
import type { IdentityKind, Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { secretNames } from '../identity/login-command.ts';
import { hasSessionBus, usableStore } from '../secrets/choose.ts';
import { storeIn } from '../secrets/secret-store.ts';
import { fileStoreName, storeTitle } from '../secrets/store-types.ts';
import { probeStore } from '../secrets/verified-store.ts';
import { shellQuoted, shownName, visible } from '../visible.ts';

/**
 * Chooses the credential store of the first login: `requested`, otherwise a keychain that works, otherwise files. Returns
 * undefined if a store is in use already. Throws `invalid-input` if that is not the requested one, `misconfigured` if the
 * requested one does not exist, and `storage` if it does not work.
 */
export function chooseStore(
  context: Context,
  current: Settings,
  requested: string | undefined,
): string | undefined {
  if (isInUse(context, current)) {
    refuseOther(current, requested);
    return undefined;
  }
  // Before a keychain is called: it would write as root to another user's home directory.
  readOwnSettings(context);
  if (requested === undefined) return usableStore(context) ?? fileStoreName;
  if (requested !== fileStoreName) requireWorkingStore(context, requested);
  return requested;
}

function requireWorkingStore(context: Context, name: string): void {
  try {
    probeStore(context, name);
  } catch (error) {
    const isOffDesktop = name === 'secretservice' && !hasSessionBus(context);
    if (!(error instanceof HelperError) || !isOffDesktop || error.code !== 'storage') throw error;
    throw new HelperError(error.code, `${error.message}; there is no desktop session`, {
      hint: 'use --store file or --store pass, or run dbus-run-session -- bash and unlock the keyring there',
      cause: error,
    });
  }
}

/**
 * Records the store in the settings, so that later commands do not probe keychains. If another process has recorded one
 * in the meantime, that one is kept.
 */
export async function recordStore(context: Context, newStore: string): Promise<void> {
  await updateSettings(context, (current) => {
    const store = isInUse(context, current) ? (current.store ?? fileStoreName) : newStore;
    return { ...current, store };
  });
}

/** Returns the success message for a stored secret: `API key saved in pass`. */
export function savedMessage(context: Context, kind: IdentityKind): string {
  const { store = fileStoreName } = readSettings(context);
  const location =
    store === fileStoreName ? `${shortPath(context)} (not encrypted)` : visible(store);
  const name = secretNames[kind];
  return `${name.charAt(0).toUpperCase()}${name.slice(1)} saved in ${location}`;
}

/** Returns the directory of the file store, with `~` for the home directory. */
function shortPath(context: Context): string {
  const directory = requireConfigFolder(context);
  const home = context.env.HOME;
  return home && directory.startsWith(`${home}/`) ? `~${directory.slice(home.length)}` : directory;
}

function isInUse(context: Context, current: Settings): boolean {
  if (current.store !== undefined) return true;
  const files = storeIn(context, { store: fileStoreName });
  return files.names('identity').length + files.names('host').length > 0;
}

function refuseOther(current: Settings, requested: string | undefined): void {
  const store = current.store ?? fileStoreName;
  if (requested === undefined || requested === store) return;
  throw new HelperError('invalid-input', `secrets are already stored in ${storeTitle(current)}`, {
    hint: `run docker-credential-icr store move ${shellQuoted(shownName(requested))}`,
  });
}
