import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { usableStore } from '../secrets/choose.ts';
import { requireHelper } from '../secrets/helper-process.ts';
import { fileStoreName, storeIn, storeTitle } from '../secrets/secret-store.ts';

/**
 * The store to begin with, where none is in use yet: the one that was asked for, else the keychain that
 * works here, else files. `undefined` where it stays as it is. Throws `invalid-input` where another one
 * holds secrets already, and `misconfigured` where the one that was asked for is not there.
 */
export function storeFor(
  context: Context,
  current: Settings,
  wanted: string | undefined,
): string | undefined {
  if (wanted !== undefined && wanted !== fileStoreName) requireHelper(context, wanted);
  if (current.store !== undefined || hasSecrets(context, current)) {
    refuseOther(current, wanted);
    return undefined;
  }
  return wanted ?? usableStore(context) ?? fileStoreName;
}

/** Writes the choice down, so that nobody has to probe again, and says which it is. */
export async function keepIn(context: Context, store: string): Promise<void> {
  await updateSettings(context, (current) => ({ ...current, store }));
  context.stdout(`secrets are kept in ${storeTitle({ store })}\n`);
}

function hasSecrets(context: Context, current: Settings): boolean {
  const store = storeIn(context, current);
  return store.names('identity').length + store.names('host').length > 0;
}

function refuseOther(current: Settings, wanted: string | undefined): void {
  const store = current.store ?? fileStoreName;
  if (wanted === undefined || wanted === store) return;
  throw new HelperError(
    'invalid-input',
    `secrets are kept in ${storeTitle(current)}; run docker-credential-icr store move ${wanted}`,
  );
}
