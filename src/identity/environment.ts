import fs from 'node:fs';
import { HelperError, systemCode } from '../errors.ts';
import type { Lookup } from './lookup.ts';
import type { Found } from './source.ts';

/** The names under which IBM's own tools look for an API key, in their order. */
export const ambientVariables = ['IBMCLOUD_API_KEY', 'BLUEMIX_API_KEY', 'IC_API_KEY'];

/** Set for this very program, so it wins over everything. */
export function fromOwnVariable(lookup: Lookup): Found | undefined {
  return fromVariable(lookup, 'DOCKER_CREDENTIAL_ICR_API_KEY');
}

/** Set for IBM's tools in general. */
export function fromAmbientVariable(lookup: Lookup): Found | undefined {
  for (const name of ambientVariables) {
    const found = fromVariable(lookup, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fromVariable({ context: { env } }: Lookup, name: string): Found | undefined {
  const value = env[name];
  if (!value) return undefined;
  const key = apiKeyIn(name, value);
  return { username: 'iamapikey', secret: () => key, origin: name };
}

/** A value, or `@file` as the ibmcloud CLI takes it; the file may be one the CLI wrote. */
export function apiKeyIn(name: string, value: string): string {
  if (!value.startsWith('@')) return value.trim();
  const file = value.slice(1);
  const key = parseKeyFile(readKeyFile(name, file));
  if (key !== undefined) return key;
  throw new HelperError('damaged', `${file}, which ${name} names, holds no API key; check it`);
}

function readKeyFile(name: string, file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const reason = systemCode(error);
    throw new HelperError('storage', `cannot read ${file}, which ${name} names (${reason})`);
  }
}

/**
 * The API key in a file: `{"apikey": …}` as `ibmcloud iam api-key-create --file` writes it, or the
 * bare key. `undefined` where there is none.
 */
export function parseKeyFile(text: string): string | undefined {
  const bare = text.trim();
  if (!bare.startsWith('{')) return /^\S+$/.test(bare) ? bare : undefined;
  try {
    const { apikey } = JSON.parse(bare);
    return typeof apikey === 'string' && apikey !== '' ? apikey : undefined;
  } catch {
    return undefined;
  }
}
