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
 * Logs out of a host. Succeeds for an unknown host, because podman reports any error as a failed logout. For IBM's hosts it
 * also writes the sign-out mark, because an identity for all hosts would otherwise still be used.
 */
export async function erase(context: Context): Promise<string> {
  const input = await readInput(context);
  const { host } = parseHostInput(input);
  // Without a directory nothing can be erased, so success would be wrong.
  requireConfigFolder(context);
  await passOn(context, 'erase', host, input);
  const name = hostKey(host);
  if (isIbmHost(host)) await writeSignOut(context, host);
  // What docker-credential-icr stored stays: docker-credential-icr-NAME stores nothing for a host.
  if (context.identity === undefined) await eraseSecret(context, { of: 'host', name });
  return '';
}

/** Ignores an error of writing the mark if no source has a credential for the host. */
async function writeSignOut(context: Context, host: RegistryHost): Promise<void> {
  try {
    signOut(context, hostKey(host));
  } catch (error) {
    if (!(error instanceof HelperError) || (await hasCredential(context, host))) throw error;
  }
}

async function hasCredential(context: Context, host: RegistryHost): Promise<boolean> {
  try {
    return (await findCredential(lookupIn(context), host)) !== undefined;
  } catch (error) {
    if (error instanceof HelperError) return true;
    throw error;
  }
}
