import fs from 'node:fs';
import path from 'node:path';
import { HelperError, systemCode } from '../errors.ts';
import { cannot } from '../files/storage-error.ts';

/** The error for a client's file that cannot be changed, with a way out for each cause. */
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

/** Returns true for a directory that does not exist: the one above it is the reason then. */
function isWritable(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

/** What moves a client's file elsewhere. */
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
