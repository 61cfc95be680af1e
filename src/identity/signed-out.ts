import {
  configFolder,
  requireConfigFolder,
  signedOutFile,
  signedOutFolder,
} from '../config/folders.ts';
import type { Context } from '../context.ts';
import { isPresent, namesIn } from '../files/private-read.ts';
import { removePrivate, writePrivate } from '../files/private-write.ts';

/**
 * Hosts that somebody signed out of. One empty file a host, so that parallel `erase`s share nothing.
 * Such a host is answered only by what `docker login` stores for it afterwards, until
 * `docker-credential-icr login` names it again. Throws `storage` if that cannot be known: to answer for a host that was
 * signed out would be worse than an error.
 */
export function isSignedOut(context: Context, hostKey: string): boolean {
  const folder = configFolder(context);
  return folder !== undefined && isPresent(context, signedOutFile(folder, hostKey));
}

/** Every signed-out host, for those who ask about many. Throws `storage`, as `isSignedOut` does. */
export function signedOutHosts(context: Context): Set<string> {
  const folder = configFolder(context);
  return new Set(folder === undefined ? [] : namesIn(context, signedOutFolder(folder)));
}

export function signOut(context: Context, hostKey: string): void {
  writePrivate(context, signedOutFile(requireConfigFolder(context), hostKey), '');
}

export function endSignOut(context: Context, hostKey: string): void {
  removePrivate(context, signedOutFile(requireConfigFolder(context), hostKey));
}
