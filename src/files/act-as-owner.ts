import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { userTitle } from './trust.ts';

// Files of other programs are also changed by root in a user's directory, as with `sudo -E` or in a container whose HOME
// belongs to another user. That user can replace a directory or the file with a symlink at any time, so checks before
// the change would not be enough: root gives up its rights for the change.

type User = Pick<Context, 'uid' | 'actAs'>;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs `action`; if this process is root and another user owns the directory of `file`, or a symlink on the path, with
 * the rights of that user only. Throws `storage` if the rights cannot be given up, and what `action` throws.
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

/** Returns the user who controls what is at a path; undefined if only root does. */
function ownerOf(file: string): Owner | undefined {
  // In a user namespace, files of the real root seem to be owned by the owner of `/`.
  const system = [0, fs.statSync('/').uid];
  let owner: Owner | undefined;
  for (const place of pathsTo(path.resolve(file))) {
    const entry = fs.lstatSync(place, { throwIfNoEntry: false });
    if (entry === undefined) break;
    const isSystems = system.includes(entry.uid);
    if (entry.isSymbolicLink() && !isSystems) return entry;
    const stat = fs.statSync(place, { throwIfNoEntry: false });
    if (stat?.isDirectory()) owner = system.includes(stat.uid) ? undefined : stat;
  }
  return owner;
}

/** The path and those above it, beginning with the root. */
function pathsTo(file: string): string[] {
  const parent = path.dirname(file);
  return parent === file ? [file] : [...pathsTo(parent), file];
}
