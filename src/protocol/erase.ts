import type { Context } from '../context.ts';
import { signOut } from '../identity/signed-out.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { fileStore } from '../secrets/file-store.ts';
import { parseHostInput, readInput } from './input.ts';

/**
 * Signs a host out. It succeeds for a host nobody knows: podman takes anything else for a failure.
 * The mark comes first: an identity that answers for every host would otherwise go on answering.
 */
export function erase(context: Context): void {
  const { host } = parseHostInput(readInput(context));
  const name = hostKey(host);
  if (isIbmHost(host)) signOut(context, name);
  fileStore(context).erase({ of: 'host', name });
}
