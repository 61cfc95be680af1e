import type { Stats } from 'node:fs';
import { HelperError, systemCode } from '../errors.ts';

/** Returns a `storage` error with the system's error code and a hint for it. */
export function cannot(verb: string, file: string, error: unknown): HelperError {
  const reason = systemCode(error) ?? String(error);
  return new HelperError('storage', `cannot ${verb} ${file} (${reason})`, {
    hint: hints[reason],
    cause: error,
  });
}

/**
 * Returns the result of `read`, or its `HelperError`. Errors of the file system are converted, so that an unexpected kind
 * of file does not stop the caller.
 */
export async function attempt<Value>(
  read: () => Value | Promise<Value>,
): Promise<Value | HelperError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof HelperError) return error;
    if (systemCode(error) === undefined) throw error;
    const { path = 'a file' } = error as NodeJS.ErrnoException;
    return cannot('read', path, error);
  }
}

const checkOwner = 'check the owner and mode of the file and of its directory';
const moveParent = 'move away its parent, which is not a directory';

const hints: Readonly<Record<string, string>> = {
  EACCES: checkOwner,
  EPERM: checkOwner,
  EROFS:
    'make its file system writable, or set DOCKER_CREDENTIAL_ICR_CONFIG_DIR and DOCKER_CREDENTIAL_ICR_CACHE_DIR to writable directories',
  EBUSY: 'mount its directory instead of the file',
  ENOSPC: 'free space on its file system, which is full',
  EDQUOT: 'free space: the disk quota is used up',
  EISDIR: 'move away the directory of that name',
  ENOTDIR: moveParent,
  EEXIST: moveParent,
};

/** Returns true if the error means that the file does not exist; also if a parent does not, or the name is too long. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

/** Returns the type of a directory entry with an article, for messages. */
export function typeOf(stat: Stats): string {
  if (stat.isFile()) return 'a regular file';
  if (stat.isDirectory()) return 'a directory';
  if (stat.isSymbolicLink()) return 'a symlink';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}
