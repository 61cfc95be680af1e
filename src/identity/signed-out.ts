import fs from 'node:fs';
import {
  configFolder,
  requireConfigFolder,
  signedOutFile,
  signedOutFolder,
} from '../config/folders.ts';
import type { Context } from '../context.ts';
import { namesIn, removeFile } from '../files.ts';
import { writePrivate } from '../write-file.ts';

/**
 * Hosts that somebody signed out of. One empty file a host, so that parallel `erase`s share nothing.
 * Such a host is answered only by what `docker login` stores for it afterwards, until
 * `docker-credential-icr login` names it again.
 */
export function isSignedOut(context: Context, hostKey: string): boolean {
  const folder = configFolder(context);
  return folder !== undefined && fs.existsSync(signedOutFile(folder, hostKey));
}

/** Every signed-out host, for those who ask about many. */
export function signedOutHosts(context: Context): Set<string> {
  const folder = configFolder(context);
  return new Set(folder === undefined ? [] : namesIn(signedOutFolder(folder)));
}

export function signOut(context: Context, hostKey: string): void {
  writePrivate(context, signedOutFile(requireConfigFolder(context), hostKey), '');
}

export function endSignOut(context: Context, hostKey: string): void {
  removeFile(signedOutFile(requireConfigFolder(context), hostKey));
}
