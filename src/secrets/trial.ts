import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { helperStore, type KeychainKey } from './helper-store.ts';

/**
 * Keeps something in that keychain, reads it back and erases it: many a locked one lists what it has,
 * and gives none of it away. Throws `storage`, `misconfigured`.
 */
export function tryStore(context: Context, name: string): void {
  const store = helperStore(context, name);
  const trial: KeychainKey = { of: 'trial', name: String(context.pid) };
  const credential = { ServerURL: trial.name, Username: 'iamapikey', Secret: 'not a secret' };
  store.write(trial, credential);
  try {
    if (store.read(trial)?.Secret !== credential.Secret) throw notGivenBack(name);
  } catch (error) {
    discard(context, name, trial);
    throw error;
  }
  store.erase(trial);
}

function notGivenBack(name: string): HelperError {
  return new HelperError(
    'storage',
    `the secret store ${name} does not give back what it was given`,
  );
}

/** A locked one may have taken what it does not give back. */
function discard(context: Context, name: string, trial: KeychainKey): void {
  try {
    // Another call of one that was silent: this may be what it does without being unlocked.
    helperStore(context, name).erase(trial);
  } catch (error) {
    // What is told is why it gave nothing back.
    if (!(error instanceof HelperError)) throw error;
  }
}
