import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { cannot, isAbsent, typeOf } from './storage-error.ts';
import { dangling, followLink } from './symlinks.ts';
import { foreign, foreignToRoot, isTrustedOwner } from './trust.ts';

/** A configuration or cache directory, or one of its subdirectories, whose owner was checked. */
export interface OwnDirectory {
  /** The path; its last component is not a symlink. */
  readonly path: string;
  readonly stat: fs.Stats;
}

/** `read`: root may also read from another user's directory. `own`: the owner must be this user or root. */
export type Access = 'read' | 'own';

/** The subdirectories of a configuration directory. */
const subdirectories: ReadonlySet<string> = new Set([
  'access-log',
  'hosts',
  'identities',
  'signed-out',
]);
const lockExtension = '.lock';

/**
 * Checks the owner of a directory of this program; returns undefined if it does not exist. Follows a symlink if no other
 * user controls it (see symlinks.ts), but never for a lock. Throws `storage`.
 */
export function existingDirectory(
  context: Context,
  named: string,
  access: Access,
): OwnDirectory | undefined {
  const directory = withoutSlash(named);
  const name = path.basename(directory);
  const isLock = name.endsWith(lockExtension);
  if (!isLock && !subdirectories.has(name)) return checked(context, directory, access, true);
  const parent = existingDirectory(context, path.dirname(directory), access);
  return parent && checked(context, path.join(parent.path, name), access, !isLock);
}

function checked(
  context: Context,
  named: string,
  access: Access,
  mayBeLink: boolean,
): OwnDirectory | undefined {
  const entry = entryAt(named);
  if (entry === undefined) return undefined;
  const isFollowed = mayBeLink && entry.isSymbolicLink();
  const directory = isFollowed ? followLink(context, named) : named;
  if (directory === undefined) {
    // The fast path cannot distinguish a dangling symlink from a missing directory, so reading treats both alike.
    if (access === 'read') return undefined;
    throw dangling(named);
  }
  const stat = isFollowed ? fs.lstatSync(directory) : entry;
  if (!stat.isDirectory()) {
    throw new HelperError('storage', `${directory} is ${typeOf(stat)}, not a directory`, {
      hint: 'move it away',
    });
  }
  if (isTrustedOwner(context, stat)) return { path: directory, stat };
  if (context.uid !== 0) throw foreign(context, directory, stat);
  if (access === 'own') throw foreignToRoot(directory, stat);
  return { path: directory, stat };
}

/** Returns the status of a path without following a symlink; undefined if it does not exist. Throws `storage`. */
export function entryAt(file: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw cannot('read', file, error);
  }
}

/** Like `existingDirectory`, but creates the directory with mode 0700. Throws `storage`, or the system's error. */
export function requireDirectory(context: Context, directory: string): OwnDirectory {
  const found = existingDirectory(context, directory, 'own');
  if (found !== undefined) return found;
  if (context.uid === 0) requireParentOfRoot(directory);
  makePrivateFolder(directory);
  const made = existingDirectory(context, directory, 'own');
  if (made === undefined) throw cannot('create', directory, 'it was removed at the same time');
  return made;
}

/** Throws `storage` if this user must not change the configuration or cache directory, or create it. */
export function requireChangeable(context: Context, directory: string): void {
  const found = existingDirectory(context, directory, 'own');
  if (found !== undefined || context.uid !== 0) return;
  try {
    requireParentOfRoot(directory);
  } catch (error) {
    // If a parent is not a directory, writing fails with the reason.
    if (!isAbsent(error)) throw error;
  }
}

/** Throws `storage` if root would create a directory in another user's directory. */
function requireParentOfRoot(directory: string): void {
  const parent = path.dirname(directory);
  const stat = fs.statSync(parent, { throwIfNoEntry: false });
  if (stat === undefined) requireParentOfRoot(parent);
  else if (stat.uid !== 0) throw foreignToRoot(parent, stat);
}

const ownerEnters = 0o700;

/** Creates a directory and its parents with mode 0700. Throws the system's error. */
export function makePrivateFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  makePrivateFolder(path.dirname(folder));
  try {
    fs.mkdirSync(folder, { mode: ownerEnters });
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && fs.existsSync(folder)) return;
    throw error;
  }
  // The umask may have removed the owner's permissions, without which the directory cannot be used.
  if ((fs.lstatSync(folder).mode & ownerEnters) !== ownerEnters) fs.chmodSync(folder, ownerEnters);
}

/** Removes trailing slashes, which would make the system follow a symlink. */
function withoutSlash(directory: string): string {
  // The expression takes a tenth of the time of `list`.
  const hasSlash = directory.endsWith('/') || directory.endsWith('/.');
  return hasSlash ? directory.replace(/(?<=[^/])(\/\.?)+$/, '') : directory;
}
