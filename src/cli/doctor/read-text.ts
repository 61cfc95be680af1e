import { HelperError, systemCode } from '../../errors.ts';
import { readRegular } from '../../files/regular-file.ts';
import { cannot } from '../../files/storage-error.ts';

/** Bytes. */
const largest = 16 * 1024 * 1024;

/** The text of a file; `undefined` where there is none. A named pipe is not waited for. */
export function readText(file: string): string | undefined {
  try {
    const read = readRegular(file, largest);
    if ('bytes' in read) return read.bytes.toString();
    throw new HelperError('storage', `${file} is ${read.problem}`);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    const code = systemCode(error);
    if (code === 'EISDIR') throw new HelperError('storage', `${file} is not a file`);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw cannot('read', file, error);
  }
}
