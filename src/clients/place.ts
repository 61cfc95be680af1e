import fs from 'node:fs';
import path from 'node:path';
import { HelperError, systemCode } from '../errors.ts';
import { cannot } from '../files/storage-error.ts';

/**
 * Returns the target of a symlink, or the file itself. Like Docker, allows a target that does not exist yet. Throws
 * `storage` if the target's directory does not exist.
 */
export function realFile(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw cannot('read', file, error);
  }
  const link = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!link?.isSymbolicLink()) return file;
  const target = path.resolve(path.dirname(file), fs.readlinkSync(file));
  // The directory is not created: a volume may be missing that is mounted there.
  if (!fs.existsSync(path.dirname(target))) {
    throw new HelperError('storage', `the directory of ${target} does not exist`, {
      hint: `create it, or remove the symlink ${file}`,
    });
  }
  return realFile(target);
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Gives an open file the owner and mode of the file that it replaces. A new file gets mode 0600. */
export function keepOwnerAndMode(target: string, descriptor: number): void {
  const old = fs.lstatSync(target, { throwIfNoEntry: false });
  try {
    if (old !== undefined) giveTo(descriptor, old);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') throw error;
    const owner = `${old?.uid}:${old?.gid}`;
    throw new HelperError('storage', `another user or group owns ${target} (${owner})`, {
      hint: 'run the command as its owner',
    });
  }
  fs.fchmodSync(descriptor, old === undefined ? 0o600 : old.mode & 0o777);
}

/** Changes the owner of an open file, if necessary. */
export function giveTo(descriptor: number, { uid, gid }: Owner): void {
  const own = fs.fstatSync(descriptor);
  if (own.uid !== uid || own.gid !== gid) fs.fchownSync(descriptor, uid, gid);
}
