import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { entryAt } from './own-directories.ts';
import { userTitle } from './trust.ts';

// Root may change files of other programs in a user's directory: with `sudo -E`, or in a container whose HOME belongs to
// another user. That user could replace a directory or the file with a symlink between a check and the change (a race), so
// root switches to that user's rights for the change.

type User = Pick<Context, 'uid' | 'actAs'>;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs `action`. If this process is root and another user owns the directory of `file`, or a symlink on its path, runs it
 * with that user's rights. Throws `storage` if it cannot switch to that user, and the errors of `action`.
 */
export function actAsOwner<T>({ uid, actAs }: User, file: string, action: () => T): T {
  const owner = uid === 0 ? ownerOf(file) : undefined;
  if (owner === undefined) return action();
  let restore: () => void;
  try {
    restore = actAs(owner);
  } catch (error) {
    const title = userTitle(owner.uid);
    throw new HelperError('storage', `root cannot act as ${title}, who owns the path of ${file}`, {
      hint: `run this as ${title}`,
      cause: error,
    });
  }
  try {
    return action();
  } finally {
    restore();
  }
}

/**
 * Returns the user who controls the path and its target; undefined if only root does. A user can also rename root's directories
 * inside a directory of their own.
 */
function ownerOf(file: string): Owner | undefined {
  // In a user namespace, files of the host's root have the owner of `/`.
  const system = [0, fs.statSync('/').uid];
  let owner: Owner | undefined;
  for (const place of pathsTo(path.resolve(file))) {
    const entry = entryAt(place);
    if (entry === undefined) break;
    if (entry.isSymbolicLink() && !system.includes(entry.uid)) return entry;
    const stat = targetOf(place);
    if (stat?.isDirectory() && !system.includes(stat.uid)) owner = stat;
  }
  return owner;
}

/** Returns undefined if a symlink leads nowhere or to itself: `action` then fails with the reason. */
function targetOf(place: string): fs.Stats | undefined {
  try {
    return fs.statSync(place);
  } catch {
    return undefined;
  }
}

/** Returns the path and its parents, beginning with the root directory. */
function pathsTo(file: string): string[] {
  const parent = path.dirname(file);
  return parent === file ? [file] : [...pathsTo(parent), file];
}
