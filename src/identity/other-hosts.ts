import type { Context } from '../context.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { eraseSecret } from '../secrets/replace-secret.ts';
import { readableStore } from '../secrets/secret-store.ts';

/** Erases the credential that `docker login` stored for a registry other than IBM's. Returns true if there was one. */
export async function eraseOtherHost(context: Context, host: RegistryHost): Promise<boolean> {
  const name = hostKey(host);
  const wasListed = readableStore(context).names('host').includes(name);
  // Also if it is not listed, so that a locked keychain reports an error.
  await eraseSecret(context, { of: 'host', name });
  return wasListed;
}

/** Returns the other registries with a stored credential, in the form that can be typed. */
export function otherHosts(context: Context): string[] {
  return readableStore(context).names('host').flatMap(otherHost);
}

function otherHost(name: string): string[] {
  const host = parseServerURL(name);
  if ('problem' in host || isIbmHost(host)) return [];
  // A stored `HOST:443` is plain HTTP, because for HTTPS the default port is omitted.
  return [hostKey(host) === name ? name : `http://${name}`];
}
