import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { usableStore } from '../secrets/choose.ts';
import { storeIn } from '../secrets/secret-store.ts';
import { fileStoreName, storeTitle } from '../secrets/store.ts';
import { tryStore } from '../secrets/trial.ts';

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

/** Writes the choice down, so that nobody has to probe again, and says which it is. Another login's goes first. */
export async function keepIn(context: Context, chosen: string): Promise<void> {
  let store = chosen;
  await updateSettings(context, (current) => {
    store = isInUse(context, current) ? (current.store ?? fileStoreName) : chosen;
    return { ...current, store };
  });
  context.stdout(`secrets are kept in ${storeTitle({ store })}\n`);
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
