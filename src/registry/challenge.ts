import { HelperError } from '../errors.ts';
import { isIbmHost } from './match.ts';
import { parseServerURL } from './parse.ts';

/** A registry's authentication challenge: a token from the address `realm`, or the password itself. */
export type Challenge =
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    }
  | { readonly scheme: 'basic' };

/**
 * Parses a `WWW-Authenticate` header. Returns undefined if it requests neither Bearer nor Basic authentication.
 * cp.icr.io does not quote values with a colon, although RFC 9110 requires it, and adds a space after commas.
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const { realm, service, scope } = parametersIn(rest);
  return realm === undefined ? undefined : { scheme: 'bearer', realm, service, scope };
}

/** An unquoted value ends before the next `name=`, not at the first comma: a scope can contain commas. */
const parameter = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(.*?))\s*(?:,\s*(?=[a-z_]+\s*=)|$)/gis;

function parametersIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, bare = ''] of text.matchAll(parameter)) {
    found[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare;
  }
  return found;
}

/**
 * Returns the URL of the token endpoint. Docker sends the password to any address; this function throws `refused`
 * unless it is an HTTPS address of the registry itself or of an ICR host.
 */
export function requireRealm(realm: string, host: string): URL {
  const url = URL.parse(realm);
  const target = url?.protocol === 'https:' ? parseServerURL(url.host) : undefined;
  const isSafe = target && !('problem' in target) && (target.name === host || isIbmHost(target));
  if (url && isSafe && url.username === '') return url;
  throw new HelperError(
    'refused',
    `${host} requests the credential for an address that is neither its own nor an ICR host`,
  );
}
