import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { cannot } from '../files/storage-error.ts';

/** In bytes. Clients' files are a few kilobytes; what is larger than this is something else. */
const largest = 16 * 1024 * 1024;

/**
 * The text of another program's file; `undefined` when it does not exist (a link to nothing
 * included). Throws `storage` for what is no file or cannot be read, `damaged` for what is not
 * UTF-8: decoding it anyway would change bytes that are not ours.
 */
export function readText(file: string): string | undefined {
  const bytes = readBytes(file);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const found = isUtf16(bytes) ? 'UTF-16' : 'not UTF-8';
    throw new HelperError('damaged', `${file} is ${found}: save it as UTF-8, then try again`, {
      cause: error,
    });
  }
}

function readBytes(file: string): Uint8Array | undefined {
  try {
    const read = readRegular(file, largest);
    if ('bytes' in read) return read.bytes;
    if (read.problem === 'too large')
      throw new HelperError('damaged', `${file} is larger than 16 MiB: left as it is`);
    // A device (REGISTRY_AUTH_FILE=/dev/null) must not be replaced.
    throw notFile(file);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    if (systemCode(error) === 'EISDIR') throw notFile(file);
    if (systemCode(error) === 'ENOENT') return undefined;
    throw cannot('read', file, error);
  }
}

function notFile(file: string): HelperError {
  return new HelperError('storage', `${file} is not a file: left as it is`);
}

/** Windows PowerShell's `>` writes it. */
function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
