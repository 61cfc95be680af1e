import { HelperError } from '../errors.ts';
import { isIbmHost } from './match.ts';
import { parseServerURL } from './parse.ts';

/** What a registry asks for: a token from an address, or the password itself. */
export type Challenge =
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    }
  | { readonly scheme: 'basic' };

/**
 * Reads `WWW-Authenticate`. By RFC 9110 values that hold a colon are quoted; cp.icr.io's are not, and its
 * commas have a space after them. `undefined` for what asks for neither.
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const { realm, service, scope } = parametersIn(rest);
  return realm === undefined ? undefined : { scheme: 'bearer', realm, service, scope };
}

/** A value without quotes ends where the next name begins: a scope has commas of its own. */
const parameter = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(.*?))\s*(?:,\s*(?=[a-z_]+\s*=)|$)/gis;

function parametersIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, bare = ''] of text.matchAll(parameter)) {
    found[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare;
  }
  return found;
}

/** Where to ask for the token. Docker would send the password wherever it is told; we do not. Throws `refused`. */
export function requireRealm(realm: string, host: string): URL {
  const url = URL.parse(realm);
  const target = url?.protocol === 'https:' ? parseServerURL(url.host) : undefined;
  const isSafe = target && !('problem' in target) && (target.name === host || isIbmHost(target));
  if (url && isSafe && url.username === '') return url;
  throw new HelperError(
    'refused',
    `${host} asks for the credential at an address that is neither its own nor an ICR host`,
  );
}
