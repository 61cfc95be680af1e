import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { cannot } from '../files/storage-error.ts';

/** Clients' files have a few kilobytes; larger files are something else. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Returns the text of another program's file, or undefined if it does not exist or is a dangling symlink. Throws
 * `storage` if it is not a regular file or cannot be read, and `damaged` if it is not UTF-8: a lossy conversion would
 * change the file's other content.
 */
export function readText(file: string): string | undefined {
  const bytes = readBytes(file);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const found = isUtf16(bytes) ? 'UTF-16' : 'not UTF-8';
    throw new HelperError('damaged', `${file} is ${found}`, {
      hint: 'save it as UTF-8',
      cause: error,
    });
  }
}

function readBytes(file: string): Uint8Array | undefined {
  try {
    const read = readRegular(file, maxBytes);
    if ('bytes' in read) return read.bytes;
    if ('size' in read)
      throw new HelperError('damaged', `${file} is larger than 16 MiB`, { hint: 'move it away' });
    // A device (REGISTRY_AUTH_FILE=/dev/null) must not be replaced.
    throw notRegular(file, read.type);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    if (systemCode(error) === 'EISDIR') throw notRegular(file, 'a directory');
    if (systemCode(error) === 'ENOENT') return undefined;
    throw cannot('read', file, error);
  }
}

function notRegular(file: string, type: string): HelperError {
  return new HelperError('storage', `${file} is ${type}, not a regular file`, {
    hint: 'move it away',
  });
}

/** Returns true for a UTF-16 byte order mark, which `>` in Windows PowerShell writes. */
function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
