import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { makePrivateFolder } from '../files/own-directories.ts';
import { cannot } from '../files/storage-error.ts';

/** The file behind a link, and behind a link to what does not exist yet: Docker writes that, too. */
export function realFile(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw cannot('read', file, error);
  }
  const link = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!link?.isSymbolicLink()) return file;
  const target = path.resolve(path.dirname(file), fs.readlinkSync(file));
  // Making the folder could cover the place where a volume is to be mounted.
  if (!fs.existsSync(path.dirname(target))) {
    throw new HelperError('storage', `${file} is a link to ${target}, whose folder does not exist`);
  }
  return realFile(target);
}

/** Makes a folder that only its owner may enter, if there is none. */
export function makeFolder({ platform }: Context, folder: string): void {
  const made = makePrivateFolder(folder);
  const [first = folder] = made;
  // Windows opens no folders, and a new one belongs to the owner of the one it is in anyway.
  if (platform === 'win32') return;
  for (const each of made.reverse()) {
    const descriptor = fs.openSync(each, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    try {
      giveTo(descriptor, ownerFor(path.dirname(first), descriptor));
    } finally {
      fs.closeSync(descriptor);
    }
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whom a new file or folder belongs to: what root makes under `sudo` in somebody's home folder goes to
 * that person, who could not read it otherwise.
 */
function ownerFor(folder: string, descriptor: number): Owner {
  const own = fs.fstatSync(descriptor);
  return own.uid === 0 ? fs.statSync(folder) : own;
}

/** Gives an open file the owner and mode of the one whose place it takes: 0600 if there is none. */
export function keepOwnerAndMode(target: string, descriptor: number): void {
  const old = fs.statSync(target, { throwIfNoEntry: false });
  try {
    giveTo(descriptor, old ?? ownerFor(path.dirname(target), descriptor));
  } catch (error) {
    if (systemCode(error) !== 'EPERM') throw error;
    const whose = `${target} belongs to another user or group`;
    throw new HelperError('storage', `${whose} (${old?.uid}:${old?.gid}): run this as its owner`);
  }
  fs.fchmodSync(descriptor, old === undefined ? 0o600 : old.mode & 0o7777);
}

export function giveTo(descriptor: number, { uid, gid }: Owner): void {
  const own = fs.fstatSync(descriptor);
  if (own.uid !== uid || own.gid !== gid) fs.fchownSync(descriptor, uid, gid);
}
