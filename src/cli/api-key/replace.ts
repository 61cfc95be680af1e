import { readSettings } from '../../config/read-settings.ts';
import type { IdentitySettings, Settings } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Owner } from '../../iam/owner.ts';
import { findCredential } from '../../identity/find.ts';
import { saveIdentity } from '../../identity/identities.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { everyHost, own } from '../../identity/mapping-key.ts';
import type { Found } from '../../identity/source.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { secretStore } from '../../secrets/secret-store.ts';
import type { Credential, SecretKey } from '../../secrets/store.ts';
import { visible } from '../../visible.ts';

/**
 * Keeps the new key wherever the old one was kept: `login us.icr.io de.icr.io` makes two identities of one key. The
 * named identity comes last, so that a run that was interrupted in here is done again from the start.
 */
export async function replaceKey(
  context: Context,
  name: string,
  old: string,
  value: string,
  owner: Owner,
): Promise<void> {
  const { identities } = readSettings(context);
  if (old !== value) {
    replaceAtHosts(context, old, value);
    for (const [other, settings] of Object.entries(identities)) {
      if (other === name || !hasSecret(context, { of: 'identity', name: other }, old)) continue;
      const { expiresAt } = owner;
      await save(context, other, settings, value, expiresAt === undefined ? {} : { expiresAt });
      context.stdout(`identity ${visible(other)} had the same key, and has the new one\n`);
    }
  }
  const settings = own(identities, name);
  if (settings !== undefined) await save(context, name, settings, value, owner);
}

function save(
  context: Context,
  name: string,
  { expiresAt: _, ...kept }: IdentitySettings,
  secret: string,
  known: Owner,
): Promise<void> {
  // A token that was minted from the old key has an older date.
  const since = Math.max(context.now(), kept.since + 1);
  return saveIdentity(context, { name, settings: { ...kept, ...known, since }, secret }, []);
}

/** What `docker login` stored. */
function replaceAtHosts(context: Context, old: string, value: string): void {
  const store = secretStore(context);
  for (const name of store.names('host')) {
    const key = { of: 'host', name } as const;
    const stored = read(context, key);
    if (stored?.Secret !== old) continue;
    store.write(key, { ...stored, Secret: value });
    context.stdout(`docker login had stored the same key for ${name}, and has the new one\n`);
  }
}

function hasSecret(context: Context, key: SecretKey, secret: string): boolean {
  return read(context, key)?.Secret === secret;
}

/** A damaged secret is nobody's key any more; whoever asks for it is told so. */
function read(context: Context, key: SecretKey): Credential | undefined {
  try {
    return secretStore(context).read(key);
  } catch (error) {
    if (error instanceof HelperError && error.code === 'damaged') return undefined;
    throw error;
  }
}

/** Asks for the identity's credential as `get` does. Throws `misconfigured` where the new key is not behind it. */
export async function requireAnswer(context: Context, name: string, value: string): Promise<void> {
  const found = await foundFor(context, name);
  const secret = await found.secret();
  // A minted one is as old as the identity's secret at most: the cache takes care of that.
  if (found.isMinted || secret === value) return;
  throw new HelperError('misconfigured', `identity ${name} does not answer with its new key`);
}

/** By a host that it answers for, unless an environment variable goes before it there. */
async function foundFor(context: Context, name: string): Promise<Found> {
  const lookup = lookupIn(context);
  for (const key of keysOf(await lookup.settings(), name)) {
    const host = parseServerURL(key === everyHost ? 'icr.io' : key);
    const found = 'problem' in host ? undefined : await findCredential(lookup, host);
    if (found?.identity === name) return found;
  }
  return identityNamed(lookup, name);
}

function keysOf({ mappings }: Settings, name: string): string[] {
  return Object.keys(mappings).filter((key) => mappings[key]?.identity === name);
}
