import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';

/**
 * Returns the IBM host of an entry in a client's file, whatever its path. Clients ignore a path that the protocol would
 * refuse, and the password in such an entry is as readable as any other.
 */
export function ibmHostOf(key: string): string | undefined {
  const [origin = ''] = /^\s*(https?:\/\/)?[^/?#]*/i.exec(key) ?? [];
  const host = parseServerURL(origin);
  return 'problem' in host || !isIbmHost(host) ? undefined : hostKey(host);
}
