import fs from 'node:fs';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';

// Files and directories are trusted if their owner is root or the effective user and other users cannot write to them.
// On Windows, owners and modes cannot be checked: `uid` is undefined, and everything is trusted.

type User = Pick<Context, 'uid'>;

export function isTrustedOwner({ uid }: User, stat: fs.Stats): boolean {
  return uid === undefined || stat.uid === uid || stat.uid === 0;
}

/**
 * Returns true if users other than the owner can write. A group ID equal to the owner's user ID is taken for the owner's
 * private group, which most Linux distributions create; with their umask 002, a repository of dotfiles is group-writable.
 */
export function isWritableByOthers({ uid }: User, stat: fs.Stats): boolean {
  if (uid === undefined) return false;
  const isPrivateGroup = stat.gid === stat.uid && stat.gid !== 0;
  return (stat.mode & (isPrivateGroup ? 0o002 : 0o022)) !== 0;
}

/** Returns true if other users can replace entries of the directory, which the sticky bit prevents. */
export function isReplaceable(user: User, directory: fs.Stats): boolean {
  return isWritableByOthers(user, directory) && (directory.mode & 0o1000) === 0;
}

/** Returns the user's name and ID, for messages. */
export function userTitle(uid: number): string {
  const name = nameOf(uid);
  return name === undefined ? `user ${uid}` : `user ${name} (${uid})`;
}

function nameOf(uid: number): string | undefined {
  try {
    const lines = fs.readFileSync('/etc/passwd', 'utf8').split('\n');
    const [name] = lines.map((line) => line.split(':')).find((all) => all[2] === String(uid)) ?? [];
    return name !== undefined && /^[\w.-]+$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

/** The error for a file or directory whose owner is neither the effective user nor root. */
export function foreign({ uid }: User, file: string, stat: fs.Stats): HelperError {
  const owner = userTitle(stat.uid);
  return new HelperError('storage', `${file} is owned by ${owner}, not by ${userTitle(uid ?? 0)}`, {
    hint: `run this as ${owner}, or ${ownDirectories}`,
  });
}

/**
 * The error if root would write to a user's directory: the user could not change the files that root creates, and could
 * redirect root by symlinks.
 */
export function foreignToRoot(directory: string, stat: fs.Stats): HelperError {
  const owner = userTitle(stat.uid);
  return new HelperError('storage', `root does not write to ${directory} of ${owner}`, {
    hint: `run this as ${owner}, or ${ownDirectories}`,
  });
}

const ownDirectories =
  'set DOCKER_CREDENTIAL_ICR_CONFIG_DIR and DOCKER_CREDENTIAL_ICR_CACHE_DIR to directories of your own';
