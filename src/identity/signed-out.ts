import {
  configFolder,
  markSeparator,
  requireConfigFolder,
  signedOutFile,
  signedOutFolder,
  signOutMark,
} from '../config/folders.ts';
import type { Context } from '../context.ts';
import { isPresent, namesIn } from '../files/private-read.ts';
import { removePrivate, writePrivate } from '../files/private-write.ts';

/**
 * Returns true if the user has logged out of the host. The mark is an empty file for each host, so that parallel calls of
 * `erase` do not conflict. For such a host only a later `docker login` is used, until `docker-credential-icr login` or `map`
 * names it again. Throws `storage` if the mark cannot be checked: an error is safer than a credential for a host that the
 * user has logged out of.
 */
export function isSignedOut(context: Context, hostKey: string): boolean {
  const folder = configFolder(context);
  return (
    folder !== undefined && isPresent(context, signedOutFile(folder, signOutMark(context, hostKey)))
  );
}

/** Returns all signed-out hosts. Throws `storage`, as `isSignedOut` does. */
export function signedOutHosts(context: Context): Set<string> {
  const marks = marksIn(context).map((mark) => mark.split(markSeparator));
  return new Set(
    marks.flatMap(([host = '', identity]) => (identity === context.identity ? host : [])),
  );
}

/** Removes the sign-out marks of `docker-credential-icr-NAME` for all hosts. */
export function endNamedSignOuts(context: Context, identities: readonly string[]): void {
  const folder = requireConfigFolder(context);
  for (const mark of marksIn(context)) {
    const [, identity] = mark.split(markSeparator);
    if (identity !== undefined && identities.includes(identity)) {
      removePrivate(context, signedOutFile(folder, mark));
    }
  }
}

function marksIn(context: Context): string[] {
  const folder = configFolder(context);
  return folder === undefined ? [] : namesIn(context, signedOutFolder(folder));
}

export function signOut(context: Context, hostKey: string): void {
  const mark = signOutMark(context, hostKey);
  writePrivate(context, signedOutFile(requireConfigFolder(context), mark), '');
}

export function endSignOut(context: Context, hostKey: string): void {
  const mark = signOutMark(context, hostKey);
  removePrivate(context, signedOutFile(requireConfigFolder(context), mark));
}
