import fs from 'node:fs';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';

// Whom files and directories may belong to. Only root and the effective user can change what such an owner alone
// may write. Windows has neither owners nor modes to compare: there `uid` is undefined, and everything is trusted.

type User = Pick<Context, 'uid'>;

export function isTrustedOwner({ uid }: User, stat: fs.Stats): boolean {
  return uid === undefined || stat.uid === uid || stat.uid === 0;
}

/**
 * Returns true if users other than the owner may write. A group with the owner's own number is the owner's private
 * group, as most Linux distributions create them (with umask 002, so that a dotfiles repository is group-writable).
 */
export function isWritableByOthers({ uid }: User, stat: fs.Stats): boolean {
  if (uid === undefined) return false;
  const isPrivateGroup = stat.gid === stat.uid && stat.gid !== 0;
  return (stat.mode & (isPrivateGroup ? 0o002 : 0o022)) !== 0;
}

/** Returns true if other users may create or replace entries of a directory; the sticky bit protects the existing ones. */
export function isReplaceable(user: User, directory: fs.Stats): boolean {
  return isWritableByOthers(user, directory) && (directory.mode & 0o1000) === 0;
}

/** The user's name and number, for messages. */
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

/** Root may read a user's files; what it created there, the user could not change, and what it follows, the user controls. */
export function foreignToRoot(directory: string, stat: fs.Stats): HelperError {
  const owner = userTitle(stat.uid);
  return new HelperError('storage', `root does not write to ${directory} of ${owner}`, {
    hint: `run this as ${owner}, or ${ownDirectories}`,
  });
}

const ownDirectories =
  'set DOCKER_CREDENTIAL_ICR_CONFIG_DIR and DOCKER_CREDENTIAL_ICR_CACHE_DIR to directories of your own';
