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
/** Another process that erases the same target removes the temporary file; more often than this it would be a fault. */
const maxAttempts = 5;

/**
 * Replaces `file` with `text` completely or not at all: writes a temporary file with mode 0600 in the same directory,
 * syncs and renames it. A symlink in its place is replaced, not followed. `beforeRename` is called before each attempt
 * to rename: a write under a lock throws there if another process has taken over the lock. Throws `storage`, and what
 * `beforeRename` throws; then the old file is as it was.
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

function discard(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // It was not created, or a later write removes it; the error before this one is reported.
  }
}

/** Opens a new file for writing, with mode 0600. Throws the system's error. */
export function createPrivate(file: string): number {
  const descriptor = fs.openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, ownerOnly);
  // A umask may remove the owner's permissions as well.
  if ((fs.fstatSync(descriptor).mode & ownerOnly) !== ownerOnly)
    fs.fchmodSync(descriptor, ownerOnly);
  return descriptor;
}

/** Makes a rename survive a power cut. Some file systems, and Windows, cannot; the rename stands. */
function syncDirectory(directory: string): void {
  try {
    const descriptor = fs.openSync(directory, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // There is nothing better to do.
  }
}

/** Removes a file of ours and its temporary files; returns whether the file existed. Throws `storage`. */
export function removePrivate(context: Context, file: string): boolean {
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return false;
  // Before the file: a writer that renames one of them meanwhile makes it the file.
  removeTemporaries(context, directory, path.basename(file));
  return unlink(path.join(directory.path, path.basename(file)), file);
}

/** Removes the file at `place`; returns whether it existed. Throws `storage` with the name `file`. */
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
 * `removePrivate` for a file that is changed under a lock: `requireOurs` throws if another process has taken over the
 * lock. If this process was stopped right before the file was removed, the file may be a newer one by then. So it is
 * renamed to a temporary name first, and put back if the lock was lost.
 */
export function removeUnderLock(context: Context, file: string, requireOurs: () => void): void {
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return;
  requireOurs();
  const name = path.basename(file);
  removeTemporaries(context, directory, name);
  const named = path.join(directory.path, name);
  const erased = path.join(directory.path, temporaryName(context, name));
  // A directory in its place cannot be removed, so it stays there.
  const isRenamed = entryAt(named)?.isDirectory() !== true && couldRename(named, erased);
  try {
    requireOurs();
  } catch (error) {
    if (isRenamed) putBack(erased, named);
    throw error;
  }
  unlink(isRenamed ? erased : named, file);
}

/** Returns false if there is no such file, or on a full disk, where a file can be removed, but not always renamed. */
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
    // Some file systems have no links.
    if (!isGone && couldRename(erased, named)) return;
  }
  discard(erased);
}

/** Renames a file of ours in its directory. Throws `storage`, or the system's error. */
export function renamePrivate(context: Context, file: string, name: string): void {
  if (context.readOnly) throw new HelperError('storage', `${file} is not renamed`);
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return;
  const { path: parent } = directory;
  fs.renameSync(path.join(parent, path.basename(file)), path.join(parent, name));
}

/** Removes every temporary file in a directory of ours. Throws `storage`. */
export function removeEveryTemporary(context: Context, named: string): void {
  const directory = existingDirectory(context, named, 'own');
  if (directory !== undefined) removeTemporaries(context, directory);
}

/** Removes the temporary files that the package `conf` makes beside a file, or beside its target. Throws `storage`. */
export function removeTemporariesOfConf(context: Context, file: string): void {
  const directory = existingDirectory(context, path.dirname(file), 'own');
  if (directory === undefined) return;
  const named = path.join(directory.path, path.basename(file));
  const isLink = entryAt(named)?.isSymbolicLink() === true;
  const target = isLink ? followLink(context, named) : named;
  if (target !== undefined) removeConfTemporaries(target);
}
