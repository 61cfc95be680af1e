import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { cannot } from '../files/storage-error.ts';

/** Where IBM's platforms put a pod's token, in the order in which IBM's SDKs look. */
const usualFiles: readonly string[] = [
  '/var/run/secrets/tokens/vault-token',
  '/var/run/secrets/tokens/sa-token',
  '/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token',
];

/** Bytes; tokens have a few thousand. */
const largest = 64 * 1024;

/**
 * The token by which the platform vouches for this pod, or `undefined` where there is none. Throws
 * `storage` for a file that cannot be read and `damaged` for one that is empty.
 */
export function readProjectedToken(files: readonly string[] = usualFiles): string | undefined {
  for (const file of files) {
    const text = readIfThere(file)?.trim();
    if (text === '') throw new HelperError('damaged', `the pod's token in ${file} is empty`);
    if (text !== undefined) return text;
  }
  return undefined;
}

function readIfThere(file: string): string | undefined {
  try {
    const read = readRegular(file, largest);
    if ('bytes' in read) return read.bytes.toString();
    throw new HelperError('damaged', `the pod's token in ${file} is ${read.problem}`);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cannot('read', file, error);
  }
}
