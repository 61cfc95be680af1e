import { requireConfigFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { signOut } from '../identity/signed-out.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { eraseSecret } from '../secrets/replace-secret.ts';
import { readInput } from '../standard-input.ts';
import { parseHostInput } from './input.ts';
import { passOn } from './pass-on.ts';

/**
 * Signs a host out. It succeeds for a host nobody knows: podman takes anything else for a failure.
 * The mark comes first: an identity that answers for every host would otherwise go on answering.
 */
export async function erase(context: Context): Promise<string> {
  const input = await readInput(context);
  const { host } = parseHostInput(input);
  // Without a directory nothing can be erased, and success would say that it is.
  requireConfigFolder(context);
  await passOn(context, 'erase', host, input);
  const name = hostKey(host);
  if (isIbmHost(host)) await signOutWhereNeeded(context, host);
  await eraseSecret(context, { of: 'host', name });
  return '';
}

/** Where nothing can be written, what nobody answers for is signed out all the same. */
async function signOutWhereNeeded(context: Context, host: RegistryHost): Promise<void> {
  try {
    signOut(context, hostKey(host));
  } catch (error) {
    if (!(error instanceof HelperError) || (await isAnswered(context, host))) throw error;
  }
}

async function isAnswered(context: Context, host: RegistryHost): Promise<boolean> {
  try {
    return (await findCredential(lookupIn(context), host)) !== undefined;
  } catch (error) {
    if (error instanceof HelperError) return true;
    throw error;
  }
}
