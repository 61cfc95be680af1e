import type { Context } from '../context.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { eraseSecret } from '../secrets/replace-secret.ts';
import { readableStore } from '../secrets/secret-store.ts';

/** Forgets what `docker login` stored for a registry that is not IBM's. Returns whether there was something. */
export async function forgetOther(context: Context, host: RegistryHost): Promise<boolean> {
  const name = hostKey(host);
  const wasKept = readableStore(context).names('host').includes(name);
  // Also where it is not listed: a keychain that is locked says so then.
  await eraseSecret(context, { of: 'host', name });
  return wasKept;
}

/** The other registries that something is kept for, as they may be typed. */
export function otherHosts(context: Context): string[] {
  return readableStore(context).names('host').flatMap(otherHost);
}

function otherHost(name: string): string[] {
  const host = parseServerURL(name);
  if ('problem' in host || isIbmHost(host)) return [];
  // Over HTTPS its port goes without saying.
  return [hostKey(host) === name ? name : `http://${name}`];
}
