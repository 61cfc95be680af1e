import fs from 'node:fs';
import { HelperError, systemCode } from '../errors.ts';
import { hasControlCharacter } from '../visible.ts';

/** A value, or `@file` as the ibmcloud CLI takes it; the file may be one the CLI wrote. */
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

/** Bytes; what the ibmcloud CLI writes has a few hundred. */
const largest = 64 * 1024;

/** Empty where the file is too large or, as a named pipe, might never end. */
function readKeyFile(name: string, file: string): string {
  try {
    const stat = fs.statSync(file);
    const isUsual = stat.isDirectory() || (stat.isFile() && stat.size <= largest);
    return isUsual ? fs.readFileSync(file, 'utf8') : '';
  } catch (error) {
    const reason = systemCode(error);
    throw new HelperError('storage', `cannot read ${file}, the file in ${name} (${reason})`, {
      hint: `check ${name}`,
    });
  }
}

/**
 * The API key in a file: `{"apikey": …}` as `ibmcloud iam api-key-create --file` writes it, or the
 * bare key. `undefined` where there is none.
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
