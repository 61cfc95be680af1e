import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { parseObject, textOf } from '../json-object.ts';
import { hasControlCharacter } from '../visible.ts';
import { keyProblem } from './key-problem.ts';

/**
 * The API key in a variable: its value, or `@file` like for the ibmcloud CLI, which may have written the file. Throws
 * `misconfigured`, `damaged` and `storage` for what cannot be a key: the registry would only say that it is wrong.
 */
export function apiKeyIn(name: string, value: string): string {
  if (!value.startsWith('@')) return bareKeyIn(name, value.trim());
  const file = value.slice(1);
  const text = readKeyFile(name, file);
  const candidate = keyCandidate(text);
  const problem = candidate === undefined ? undefined : keyProblem(candidate);
  if (candidate !== undefined && problem === undefined) return candidate;
  // Older versions of PowerShell write UTF-16.
  const isUtf16 = text.includes('\0');
  const why = isUtf16 || problem === undefined ? '' : `: it ${problem}`;
  throw new HelperError('damaged', `no API key in ${file}, the file in ${name}${why}`, {
    hint: isUtf16 ? 'save it as UTF-8' : `check ${file}`,
  });
}

function bareKeyIn(name: string, key: string): string {
  const problem = hasControlCharacter(key) ? 'contains more than an API key' : keyProblem(key);
  if (problem === undefined) return key;
  throw new HelperError('misconfigured', `${name} ${problem}`, { hint: `check ${name}` });
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
    // No shell reads the variable again.
    const isUnexpanded = /^~|[$%"']/.test(file);
    throw new HelperError('storage', `cannot read ${file}, the file in ${name} (${reason})`, {
      hint: isUnexpanded
        ? `set ${name} to @ and an absolute path, without ~, variables and quotation marks`
        : `check ${name}`,
    });
  }
}

/**
 * Returns the API key in a file: `{"apikey": …}` as written by `ibmcloud iam api-key-create --file`, or the bare key.
 * Returns undefined for any other content.
 */
export function parseKeyFile(text: string): string | undefined {
  const candidate = keyCandidate(text);
  return candidate !== undefined && /^\S+$/.test(candidate) ? candidate : undefined;
}

/** The text in the place of the key; undefined for JSON without one. */
function keyCandidate(text: string): string | undefined {
  const bare = text.trim();
  if (!bare.startsWith('{') || bare.startsWith('{{')) return bare === '' ? undefined : bare;
  return textOf(parseObject(bare) ?? {}, 'apikey');
}
