import fs from 'node:fs';
import { systemCode } from '../errors.ts';
import { typeOf } from './storage-error.ts';

const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;

/** The bytes of a regular file; for another type, its name for messages; for a file that is too large, its size in bytes. */
export type Regular =
  | { readonly bytes: Buffer }
  | { readonly type: string }
  | { readonly size: number };

/**
 * Reads a regular file that belongs to another program or that the user names; symlinks are followed. Type and size are checked
 * on the open descriptor, and opening does not block: the path may lead to a FIFO, which blocks until a writer opens it, or to
 * an endless device, even if it was a regular file a moment ago. Throws the system's error, EISDIR for a directory.
 */
export function readRegular(file: string, maxBytes: number): Regular {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'ENXIO') return { type: 'a socket' };
    throw error;
  }
  try {
    const stat = fs.fstatSync(descriptor);
    if (stat.isFile() && stat.size > maxBytes) return { size: stat.size };
    // Reading a directory throws.
    const isReadable = stat.isFile() || stat.isDirectory();
    return isReadable ? { bytes: fs.readFileSync(descriptor) } : { type: typeOf(stat) };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Returns false if the open file was deleted, or another file has its path, because it or its directory was replaced. */
export function isSameFile(file: string, descriptor: number): boolean {
  const [named, open] = [fs.lstatSync(file, { throwIfNoEntry: false }), fs.fstatSync(descriptor)];
  return named?.ino === open.ino && named.dev === open.dev;
}
