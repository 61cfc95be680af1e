import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { parseObject, textOf } from '../json-object.ts';

/**
 * The API key in a variable: its value, or `@file` like for the ibmcloud CLI, which may have written the file. Throws
 * `misconfigured`, `damaged` and `storage` for a text that cannot be a key, because the registry's error does not contain the
 * reason.
 */
export function apiKeyIn(name: string, value: string): string {
  if (!value.startsWith('@')) return bareKeyIn(name, value.trim());
  const file = value.slice(1);
  const text = readKeyFile(name, file);
  const candidate = keyCandidate(text) ?? '';
  const problem = keyProblem(candidate);
  if (problem === undefined) return candidate;
  // Older versions of PowerShell write UTF-16.
  const isUtf16 = text.includes('\0');
  const why = isUtf16 || candidate === '' ? '' : `: it ${problem}`;
  throw new HelperError('damaged', `no API key in ${file}, the file in ${name}${why}`, {
    hint: isUtf16 ? 'save it as UTF-8' : `check ${file}`,
  });
}

function bareKeyIn(name: string, key: string): string {
  const problem = keyProblem(key);
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
  if (!bare.startsWith('{') || bare.startsWith('{{')) return bare;
  return textOf(parseObject(bare) ?? {}, 'apikey');
}

/**
 * What is wrong with a text that should be an API key, as the end of a sentence that starts with its place; undefined if it
 * can be one. Repeats nothing of the text but the name of a variable: the text may be the key.
 */
export function keyProblem(text: string): string | undefined {
  const quote = /^["'`“”‘’]|["'`“”‘’]$/u.exec(text)?.[0];
  if (quote !== undefined) return `starts or ends with a quotation mark (${quote})`;
  if (/\s/u.test(text)) return 'contains white space';
  const reference = references.map((pattern) => pattern.exec(text)).find((match) => match !== null);
  if (reference) return `contains a reference${toName(reference)} that was not expanded`;
  // IBM's SDKs refuse these too: a placeholder was pasted.
  if (/^[{}]|[{}]$/.test(text)) return 'starts or ends with a brace';
  if (/^<.*>$/.test(text)) return 'is a placeholder in angle brackets';
  if (/^[A-Z][A-Z0-9_]*_[A-Z0-9_]*=/.test(text)) return 'starts with the name of a variable and =';
  return /^[\x21-\x7e]+$/.test(text) ? undefined : 'contains a character that is not allowed';
}

/** References that a shell, a CI system or a template engine would have replaced. No key of IBM has such characters. */
const references: readonly RegExp[] = [
  /\$\{+\s*([\w.-]*)/,
  /\$\(\s*([\w.-]*)\s*\)?/,
  /^\$(?:env:)?([A-Za-z_]\w{0,63})$/i,
  /^%([A-Za-z_]\w{0,63})%$/,
  /\{\{\s*([\w.-]*)/,
  /^\(\(([\w.-]*)\)\)$/,
];

/** Names of variables are short; a longer text may be a key. */
function toName([, name = '']: RegExpExecArray): string {
  return /^[A-Za-z_][\w.-]{0,39}$/.test(name) ? ` to ${name}` : '';
}
