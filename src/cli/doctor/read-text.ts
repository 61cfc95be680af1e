import fs from 'node:fs';
import { HelperError, systemCode } from '../../errors.ts';
import { cannot } from '../../files/storage-error.ts';

/** The text of a file; `undefined` where there is none. A named pipe is not waited for. */
export function readText(file: string): string | undefined {
  try {
    const stat = fs.statSync(file);
    if (!stat.isFile()) throw new HelperError('storage', `${file} is not a file`);
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof HelperError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw cannot('read', file, error);
  }
}
