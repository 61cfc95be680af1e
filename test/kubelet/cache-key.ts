import { createHash } from 'node:crypto';

export interface AccountKey {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The hash of the token if `cacheType` is `Token`. */
  readonly tokenHash?: string;
}

/** Joins the parts. Each part is prefixed with its length, so that different lists have different keys. */
function join(parts: readonly string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
}

function annotationParts(annotations: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  return [String(entries.length), ...entries.flat()];
}

/**
 * Returns the cache key of a service account, or an empty string without one. Source: generateServiceAccountCacheKey in
 * plugin.go of 1.34.
 */
export function accountKey(account: AccountKey | undefined): string {
  if (account === undefined) return '';
  const { namespace, name, uid, annotations, tokenHash } = account;
  const token = tokenHash === undefined ? [] : ['token', tokenHash];
  return join([namespace, name, uid, ...annotationParts(annotations), ...token]);
}

export function cacheKey(base: string, account: string): string {
  return join([base, account]);
}

export function flightKey(
  image: string,
  token: string,
  annotations: Readonly<Record<string, string>>,
): string {
  return token === '' ? image : join([image, hashOf(token), ...annotationParts(annotations)]);
}

export function hashOf(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}
