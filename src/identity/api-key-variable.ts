import fs from 'node:fs';
import { HelperError, systemCode } from '../errors.ts';
import { hasControlCharacter } from '../registry/parse.ts';

/** A value, or `@file` as the ibmcloud CLI takes it; the file may be one the CLI wrote. */
export function apiKeyIn(name: string, value: string): string {
  if (!value.startsWith('@')) return bareKeyIn(name, value.trim());
  const file = value.slice(1);
  const text = readKeyFile(name, file);
  const key = parseKeyFile(text);
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  // What older PowerShells write.
  const fix = text.includes('\0') ? 'save it as UTF-8' : 'check it';
  throw new HelperError('damaged', `${file}, which ${name} names, holds no API key; ${fix}`);
}

function bareKeyIn(name: string, key: string): string {
  if (!hasControlCharacter(key)) return key;
  throw new HelperError('misconfigured', `${name} holds more than an API key; check it`);
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
    const line = `cannot read ${file}, which ${name} names (${reason}); check that path`;
    throw new HelperError('storage', line);
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
