import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { existingDirectory, requireDirectory } from './own-directories.ts';
import { cannot, isAbsent } from './storage-error.ts';
import { removeStale, removeTemporaries, temporaryName } from './temporary-files.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = fs.constants;
const ownerOnly = 0o600;
/** Another process that erases the same target removes the temporary file; more often than this it would be a fault. */
const maxAttempts = 5;

/**
 * Replaces `file` with `text` completely or not at all: writes a temporary file with mode 0600 in the same directory,
 * syncs and renames it. A symlink in its place is replaced, not followed. Throws `storage`; then the old file is as it
 * was.
 */
export function writePrivate(context: Context, file: string, text: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      writeOnce(context, file, text);
      return;
    } catch (error) {
      if (error instanceof HelperError) throw error;
      if (systemCode(error) === 'ENOENT' && attempt < maxAttempts) continue;
      throw cannot('write', file, error);
    }
  }
}

function writeOnce(context: Context, file: string, text: string): void {
  const directory = requireDirectory(context, path.dirname(file));
  const name = path.basename(file);
  const temporary = path.join(directory.path, temporaryName(context, name));
  try {
    removeStale(context, directory, writeSynced(temporary, text));
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
  try {
    fs.unlinkSync(path.join(directory.path, path.basename(file)));
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw cannot('remove', file, error);
  }
}

/** Renames a file of ours in its directory. Throws `storage`, or the system's error. */
export function renamePrivate(context: Context, file: string, name: string): void {
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
