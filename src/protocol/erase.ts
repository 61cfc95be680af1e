import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { signOut } from '../identity/signed-out.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { readableStore } from '../secrets/secret-store.ts';
import { parseHostInput, readInput } from './input.ts';
import { passOn } from './others.ts';

/**
 * Signs a host out. It succeeds for a host nobody knows: podman takes anything else for a failure.
 * The mark comes first: an identity that answers for every host would otherwise go on answering.
 */
export function erase(context: Context): void {
  const input = readInput(context);
  const { host } = parseHostInput(input);
  if (passOn(context, 'erase', host, input)) return;
  const name = hostKey(host);
  if (isIbmHost(host)) signOutWhereNeeded(context, host);
  readableStore(context).erase({ of: 'host', name });
}

/** Where nothing can be written, what nobody answers for is signed out all the same. */
function signOutWhereNeeded(context: Context, host: RegistryHost): void {
  try {
    signOut(context, hostKey(host));
  } catch (error) {
    if (!(error instanceof HelperError) || isAnswered(context, host)) throw error;
  }
}

function isAnswered(context: Context, host: RegistryHost): boolean {
  try {
    return findCredential(lookupIn(context), host) !== undefined;
  } catch (error) {
    if (error instanceof HelperError) return true;
    throw error;
  }
}
