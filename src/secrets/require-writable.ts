import { withChangeLock } from '../config/change-lock.ts';
import type { Context } from '../context.ts';
import { storeIn } from './secret-store.ts';
import { fileStoreName } from './store-types.ts';
import { tryStore } from './trial.ts';

/** Characters; IAM's refresh tokens, with the settings beside them, are shorter. */
const trialLength = 8192;

/**
 * Stores something in the store of that name and erases it, and the same beside the settings, before a login spends a
 * token that IAM accepts once. Throws `storage` and `misconfigured`.
 */
export async function requireWritable(context: Context, store: string | undefined): Promise<void> {
  if (store !== undefined && store !== fileStoreName) tryStore(context, store);
  const key = { of: 'identity', name: '(trial)' } as const;
  const credential = { ServerURL: key.name, Username: 'trial', Secret: 'x'.repeat(trialLength) };
  await withChangeLock(context, ({ requireOurs }) => {
    const files = storeIn(context, { store: fileStoreName });
    files.write(key, credential, requireOurs);
    files.erase(key, requireOurs);
  });
}
