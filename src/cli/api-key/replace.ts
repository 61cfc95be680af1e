import type { ChangeLock } from '../../config/change-lock.ts';
import { readSettings } from '../../config/read-settings.ts';
import { type IdentitySettings, isUsable, type Settings } from '../../config/settings.ts';
import { updateSettings } from '../../config/write.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Owner } from '../../iam/owner.ts';
import { findCredential } from '../../identity/find.ts';
import { forgetOldTokens } from '../../identity/forget-tokens.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { everyHost, own } from '../../identity/mapping-key.ts';
import { changed } from '../../identity/pending-key.ts';
import type { Found } from '../../identity/source.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { secretOf } from '../../secrets/replace-secret.ts';
import { storeIn } from '../../secrets/secret-store.ts';
import type { SecretKey, SecretStore } from '../../secrets/store.ts';
import { visible } from '../../visible.ts';

/** An API key that replaces another one. */
export interface Replacement {
  /** The identity that is rotated. */
  readonly name: string;
  /** The secret that it had when the rotation began. */
  readonly old: string;
  readonly value: string;
  readonly owner: Owner;
}

/**
 * Stores the new key wherever the old one is stored: `login us.icr.io de.icr.io` makes two identities of one key. What
 * another command has changed since is left alone. The named identity comes last, so that a run that was interrupted in
 * here is done again from the start. Throws `storage` if that one has changed; then nothing is replaced.
 */
export async function replaceKey(
  context: Context,
  { name, old, value, owner }: Replacement,
): Promise<void> {
  const report: string[] = [];
  await updateSettings(context, async (current, lock) => {
    const store = storeIn(context, current);
    if (secretOf(store, { of: 'identity', name }) !== old) throw changed(name);
    const isDue = (key: SecretKey) => old !== value && secretOf(store, key) === old;
    for (const host of store.names('host')) {
      await lock.step();
      const key = { of: 'host', name: host } as const;
      if (!isDue(key)) continue;
      write(store, key, value, lock);
      report.push(`docker login had stored the same key for ${visible(host)}, and has the new one`);
    }
    const identities = { ...current.identities };
    const { expiresAt } = owner;
    const end = expiresAt === undefined ? {} : { expiresAt };
    for (const [other, settings] of Object.entries(identities)) {
      await lock.step();
      const key = { of: 'identity', name: other } as const;
      if (other === name || !isUsable(settings) || !isDue(key)) continue;
      write(store, key, value, lock);
      identities[other] = renewed(context, settings, end);
      report.push(`identity ${visible(other)} had the same key, and has the new one`);
    }
    await lock.step();
    write(store, { of: 'identity', name }, value, lock);
    const settings = own(identities, name);
    if (settings !== undefined && isUsable(settings))
      identities[name] = renewed(context, settings, owner);
    return { ...current, identities };
  });
  const { identities } = readSettings(context);
  forgetOldTokens(context, Object.keys(identities));
  for (const line of report) context.stdout(`${line}\n`);
}

/** The stored credential with another secret. */
function write(store: SecretStore, key: SecretKey, Secret: string, lock: ChangeLock): void {
  const stored = store.read(key);
  if (stored !== undefined) store.write(key, { ...stored, Secret }, lock.requireOurs);
}

function renewed(
  context: Context,
  { expiresAt: _, ...kept }: IdentitySettings,
  known: Owner,
): IdentitySettings {
  // A token that was minted from the old key has an older date.
  return { ...kept, ...known, secretSetAt: Math.max(context.now(), kept.secretSetAt + 1) };
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
