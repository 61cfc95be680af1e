import fs from 'node:fs';
import { HelperError, systemCode } from '../errors.ts';
import { cannot, typeOf } from '../files/storage-error.ts';

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
    throw new HelperError('damaged', `${file} is ${found}`, {
      hint: 'save it as UTF-8',
      cause: error,
    });
  }
}

function readBytes(file: string): Uint8Array | undefined {
  try {
    const stat = fs.statSync(file);
    // Opening a pipe would wait for ever; a device (REGISTRY_AUTH_FILE=/dev/null) must not be replaced.
    if (!stat.isFile()) {
      const hint = 'move it away';
      throw new HelperError('storage', `${file} is ${typeOf(stat)}, not a regular file`, { hint });
    }
    if (stat.size > largest) {
      throw new HelperError('damaged', `${file} is larger than 16 MiB`, { hint: 'move it away' });
    }
    return fs.readFileSync(file);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    if (systemCode(error) === 'ENOENT') return undefined;
    throw cannot('read', file, error);
  }
}

/** Windows PowerShell's `>` writes it. */
function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
