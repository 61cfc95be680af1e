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

const { O_WRONLY, O_NOFOLLOW = 0 } = fs.constants;

/**
 * Overwrites a file that cannot be replaced because it is a mount point, as in a container with a single mounted file.
 * A reader may see a part of the new text, and a crash may leave one: the caller keeps a copy until the end. If it fails,
 * the old text is written back. Throws the system's error.
 */
export function writeInPlace(file: string, before: string, after: string): void {
  const descriptor = fs.openSync(file, O_WRONLY | O_NOFOLLOW);
  try {
    try {
      overwrite(descriptor, after);
    } catch (error) {
      overwrite(descriptor, before);
      throw error;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Shortens the file last, so that it is never empty. */
function overwrite(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    written += fs.writeSync(descriptor, bytes, written, bytes.length - written, written);
  }
  fs.ftruncateSync(descriptor, bytes.length);
  fs.fsyncSync(descriptor);
}

/** Returns the error for a client's file that cannot be changed, with a hint for each cause. */
export function cannotChange(file: string, error: unknown): HelperError {
  const code = systemCode(error);
  const what = code === undefined ? undefined : problems(file)[code];
  if (what === undefined) return cannot('write', file, error);
  return new HelperError('storage', `${what} (${code})`, { hint: otherPlace(file), cause: error });
}

function problems(file: string): Readonly<Record<string, string>> {
  const folder = path.dirname(file);
  const denied = isWritable(folder)
    ? `${file} is not writable for you`
    : `${folder} is not writable, so ${path.basename(file)} in it cannot be replaced`;
  return {
    EROFS: `${file} is on a read-only file system or mount`,
    EBUSY: `${file} is a mount point, and cannot be replaced`,
    EACCES: denied,
    EPERM: denied,
  };
}

/** Also returns true for a directory that does not exist: then its parent is the reason. */
function isWritable(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

/** Returns the variable that moves a client's file to another directory. */
function otherPlace(file: string): string {
  switch (path.basename(file)) {
    case 'config.json':
      return 'set DOCKER_CONFIG to a writable directory with a copy of this file, or mount its directory writable';
    case 'auth.json':
      return 'set REGISTRY_AUTH_FILE to a writable copy of this file, or mount its directory writable';
    default:
      return 'make its directory writable';
  }
}
