import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { hasControlCharacter } from '../visible.ts';

/** Returns the API key in a variable: its value, or the key in a file for `@FILE`, as the ibmcloud CLI supports it. */
export function apiKeyIn(name: string, value: string): string {
  if (!value.startsWith('@')) return bareKeyIn(name, value.trim());
  const file = value.slice(1);
  const text = readKeyFile(name, file);
  const key = parseKeyFile(text);
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  // Older versions of PowerShell write UTF-16.
  const hint = text.includes('\0') ? 'save it as UTF-8' : `check ${file}`;
  throw new HelperError('damaged', `no API key in ${file}, the file in ${name}`, { hint });
}

function bareKeyIn(name: string, key: string): string {
  if (!hasControlCharacter(key)) return key;
  throw new HelperError('misconfigured', `${name} contains more than an API key`, {
    hint: `check ${name}`,
  });
}

/** The ibmcloud CLI writes a few hundred bytes. */
const maxBytes = 64 * 1024;

/** Returns an empty text for a file that is too large or may be endless, such as a FIFO or device. */
function readKeyFile(name: string, file: string): string {
  try {
    const read = readRegular(file, maxBytes);
    return 'bytes' in read ? read.bytes.toString() : '';
  } catch (error) {
    const reason = systemCode(error);
    throw new HelperError('storage', `cannot read ${file}, the file in ${name} (${reason})`, {
      hint: `check ${name}`,
    });
  }
}

/**
 * Returns the API key in a file: `{"apikey": …}` as written by `ibmcloud iam api-key-create --file`, or the bare key.
 * Returns undefined without one.
 */
export function parseKeyFile(text: string): string | undefined {
  const bare = text.trim();
  if (!bare.startsWith('{')) return isKey(bare) ? bare : undefined;
  try {
    const { apikey } = JSON.parse(bare);
    return isKey(apikey) ? apikey : undefined;
  } catch {
    return undefined;
  }
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^\S+$/.test(value);
}
