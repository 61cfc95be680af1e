import type { Stats } from 'node:fs';
import { HelperError, systemCode } from '../errors.ts';

/** `storage`, with the system's own word for what went wrong, and what to look at. */
export function cannot(verb: string, file: string, error: unknown): HelperError {
  const reason = systemCode(error) ?? String(error);
  const hint = hints[reason];
  const line = `cannot ${verb} ${file} (${reason})${hint === undefined ? '' : `; ${hint}`}`;
  return new HelperError('storage', line, { cause: error });
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'check who owns it and its folder, and their modes',
  EPERM: 'check who owns it and its folder, and their modes',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk is full',
  EISDIR: 'a folder is in its place, move it away',
  ENOTDIR: 'what is in the place of its folder is none, move it away',
  EEXIST: 'what is in the place of its folder is none, move it away',
};

/** Returns true if no file of that name can exist: a parent does not exist, or the name is too long. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

/** The type of a directory entry with its article, for messages. */
export function typeOf(stat: Stats): string {
  if (stat.isFile()) return 'a regular file';
  if (stat.isDirectory()) return 'a directory';
  if (stat.isSymbolicLink()) return 'a symlink';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}
