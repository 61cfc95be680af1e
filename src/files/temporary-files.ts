import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { systemCode } from '../errors.ts';
import type { OwnDirectory } from './own-directories.ts';
import { cannot } from './storage-error.ts';

// A file is written under a temporary name in its directory, then renamed. The temporary name begins with a hash of the
// file's name, so that removing the file also removes temporary files of killed processes.

/** A write takes a few milliseconds. */
const staleAfterMs = 60_000;
const pattern = /^\.([0-9a-f]{8})-\d+-[0-9a-z]+-\d+-[0-9a-z]+\.tmp$/;
/** The suffix that the package `conf` adds to a file's name for its temporary file. */
const confPattern = /^\.tmp-\d{10}[0-9a-f]{6}$/;
/** The directory and names of temporary files of versions up to 0.1.0. */
const oldDirectory = '.aside';
const oldPattern = /^\d+-[0-9a-z]+-\d+-[0-9a-z]+$/;

let written = 0;

/** Returns a unique name for a temporary file. Uses `Math.random`, because loading node:crypto takes half a millisecond. */
export function temporaryName({ pid, now }: Context, target: string): string {
  written += 1;
  const random = Math.random().toString(36).slice(2) || '0';
  return `.${hashOf(target)}-${pid}-${now().toString(36)}-${written}-${random}.tmp`;
}

export function isTemporary(name: string): boolean {
  return pattern.test(name);
}

/** Removes the temporary files of one target, or of all, regardless of their age. Throws `storage`. */
export function removeTemporaries(
  context: Context,
  directory: OwnDirectory,
  target?: string,
): void {
  const hash = target === undefined ? undefined : hashOf(target);
  const isMeant = (name: string) => {
    const found = pattern.exec(name)?.[1];
    return found !== undefined && (hash === undefined || found === hash);
  };
  removeMatching(directory.path, isMeant, Number.POSITIVE_INFINITY);
  // All of them, because their names do not contain the target.
  removeOld(context, directory, Number.POSITIVE_INFINITY);
}

/**
 * Removes stale temporary files of killed processes. `referenceMs` is the modification time of a file that was just written
 * in the same directory, because the clock of a file server can differ from the local one.
 */
export function removeStale(context: Context, directory: OwnDirectory, referenceMs: number): void {
  try {
    removeMatching(directory.path, isTemporary, referenceMs - staleAfterMs);
    removeOld(context, directory, referenceMs - staleAfterMs);
  } catch {
    // A later write tries again.
  }
}

/** Removes the temporary files of the package `conf` next to their target, regardless of their age. Throws `storage`. */
export function removeConfTemporaries(target: string): void {
  const name = path.basename(target);
  const isMeant = (each: string) =>
    each.startsWith(name) && confPattern.test(each.slice(name.length));
  removeMatching(path.dirname(target), isMeant, Number.POSITIVE_INFINITY);
}

function removeOld({ uid }: Context, { path: parent }: OwnDirectory, olderThanMs: number): void {
  const old = path.join(parent, oldDirectory);
  const stat = fs.lstatSync(old, { throwIfNoEntry: false });
  if (!stat?.isDirectory() || (uid !== undefined && stat.uid !== uid)) return;
  removeMatching(old, (name) => oldPattern.test(name), olderThanMs);
  try {
    fs.rmdirSync(old);
  } catch {
    // The directory is not empty.
  }
}

function removeMatching(
  directory: string,
  isMeant: (name: string) => boolean,
  olderThanMs: number,
): void {
  for (const name of namesAt(directory).filter(isMeant)) {
    const file = path.join(directory, name);
    try {
      const stat = fs.lstatSync(file);
      if (stat.isFile() && stat.mtimeMs < olderThanMs) fs.unlinkSync(file);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw cannot('remove', file, error);
    }
  }
}

function namesAt(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw cannot('read', directory, error);
  }
}

/** FNV-1a with 32 bits, in hexadecimal. */
function hashOf(name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
