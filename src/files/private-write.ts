import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { entryAt, existingDirectory, requireDirectory } from './own-directories.ts';
import { cannot, isAbsent } from './storage-error.ts';
import { followLink } from './symlinks.ts';
import {
  removeConfTemporaries,
  removeStale,
  removeTemporaries,
  temporaryName,
} from './temporary-files.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = fs.constants;
const ownerOnly = 0o600;
/** A retry is needed if another process that erases the same target removes the temporary file. */
const maxAttempts = 5;

/**
 * Replaces a file atomically: writes a temporary file with mode 0600 in the same directory, syncs and renames it. A symlink
 * is replaced, not followed. `beforeRename` is called before each attempt to rename; it throws if another process has taken
 * over the lock. Throws `storage`, and the error of `beforeRename`; the old file is then unchanged.
 */
export function writePrivate(
  context: Context,
  file: string,
  text: string,
  beforeRename: () => void = () => {},
): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      writeOnce(context, file, text, beforeRename);
      return;
    } catch (error) {
      if (error instanceof HelperError) throw error;
      if (systemCode(error) === 'ENOENT' && attempt < maxAttempts) continue;
      throw cannot('write', file, error);
    }
  }
}

function writeOnce(context: Context, file: string, text: string, beforeRename: () => void): void {
  const directory = requireDirectory(context, path.dirname(file));
  const name = path.basename(file);
  const temporary = path.join(directory.path, temporaryName(context, name));
  try {
    removeStale(context, directory, writeSynced(temporary, text));
    beforeRename();
    fs.renameSync(temporary, path.join(directory.path, name));
  } catch (error) {
    discard(temporary);
    throw error;
  }
  syncDirectory(directory.path);
}

/** Returns the modification time in milliseconds. */
function writeSynced(file: string, text: string): number {
  const descriptor = createPrivate(file);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
    return fs.fstatSync(descriptor).mtimeMs;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Creates a file with mode 0600, without a sync. Throws `storage`, or the system's error if it exists. */
export function writeNew(context: Context, file: string, text: string): void {
  const directory = requireDirectory(context, path.dirname(file));
  const descriptor = createPrivate(path.join(directory.path, path.basename(file)));
  try {
    fs.writeFileSync(descriptor, text);
  } finally {
    fs.closeSync(descriptor);
  }
}

function discard(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // It does not exist, or a later write will remove it. The caller reports the first error.
  }
}

/** Opens a new file for writing, with mode 0600. Throws the system's error. */
export function createPrivate(file: string): number {
  const descriptor = fs.openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, ownerOnly);
  // The umask may have removed the owner's permissions.
  if ((fs.fstatSync(descriptor).mode & ownerOnly) !== ownerOnly)
    fs.fchmodSync(descriptor, ownerOnly);
  return descriptor;
}

/** Makes a rename survive a power failure. Windows and some file systems do not support it, so errors are ignored. */
function syncDirectory(directory: string): void {
  try {
    const descriptor = fs.openSync(directory, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // The file itself was written.
  }
}

/** Removes a file and its temporary files; returns true if the file existed. Throws `storage`. */
export function removePrivate(context: Context, file: string): boolean {
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return false;
  // Before the file, because another process may rename a temporary file to it meanwhile.
  removeTemporaries(context, directory, path.basename(file));
  return unlink(path.join(directory.path, path.basename(file)), file);
}

/** Removes the file at `place`; returns true if it existed. Throws `storage`, with the path `file`. */
function unlink(place: string, file: string): boolean {
  try {
    fs.unlinkSync(place);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw cannot('remove', file, error);
  }
}

/**
 * Like `removePrivate`, for a file that is protected by a lock. `assertLockHeld` throws if another process has taken over the
 * lock. If this process is suspended right before the removal, the file may be a newer one afterwards. Therefore it is
 * renamed to a temporary name first, and restored if the lock was lost.
 */
export function removeUnderLock(context: Context, file: string, assertLockHeld: () => void): void {
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return;
  assertLockHeld();
  const name = path.basename(file);
  removeTemporaries(context, directory, name);
  const named = path.join(directory.path, name);
  const erased = path.join(directory.path, temporaryName(context, name));
  // A directory of that name is not renamed, because it could not be removed afterwards.
  const isRenamed = entryAt(named)?.isDirectory() !== true && couldRename(named, erased);
  try {
    assertLockHeld();
  } catch (error) {
    if (isRenamed) putBack(erased, named);
    throw error;
  }
  unlink(isRenamed ? erased : named, file);
}

/** Returns false if the file does not exist, or if the disk is full: then a file can be removed but not always renamed. */
function couldRename(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function putBack(erased: string, named: string): void {
  try {
    // Unlike a rename, a link does not replace a newer file.
    fs.linkSync(erased, named);
  } catch (error) {
    const isGone = ['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '');
    // Some file systems do not support hard links.
    if (!isGone && couldRename(erased, named)) return;
  }
  discard(erased);
}

/** Renames a file within its directory. Throws `storage`, or the system's error. */
export function renamePrivate(context: Context, file: string, name: string): void {
  if (context.readOnly) throw new HelperError('storage', `${file} is not renamed`);
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return;
  const { path: parent } = directory;
  fs.renameSync(path.join(parent, path.basename(file)), path.join(parent, name));
}

/** Removes all temporary files in a directory. Throws `storage`. */
export function removeEveryTemporary(context: Context, named: string): void {
  const directory = existingDirectory(context, named, 'own');
  if (directory !== undefined) removeTemporaries(context, directory);
}

/** Removes the temporary files that the package `conf` creates next to a file or its symlink target. Throws `storage`. */
export function removeTemporariesOfConf(context: Context, file: string): void {
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return;
  const named = path.join(directory.path, path.basename(file));
  const isLink = entryAt(named)?.isSymbolicLink() === true;
  const target = isLink ? followLink(context, named) : named;
  if (target !== undefined) removeConfTemporaries(target);
}
