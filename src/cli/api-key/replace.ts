import type { ChangeLock } from '../../config/change-lock.ts';
import { readSettings } from '../../config/read-settings.ts';
import { type IdentitySettings, isUsable } from '../../config/settings.ts';
import { updateSettings } from '../../config/write.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Owner } from '../../iam/owner.ts';
import { removeSupersededTokens } from '../../identity/cached-tokens.ts';
import { findCredential } from '../../identity/find.ts';
import { everyHost, type Found, keysOfIdentity, lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { changed } from '../../identity/pending-key.ts';
import { own } from '../../json-object.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { secretOf } from '../../secrets/replace-secret.ts';
import { storeIn } from '../../secrets/secret-store.ts';
import type { SecretKey, SecretStore } from '../../secrets/store-types.ts';
import { visible } from '../../visible.ts';
import { printLine } from '../output.ts';

/** An API key that replaces another one. */
interface Replacement {
  /** The identity whose key is rotated. */
  readonly name: string;
  /** The value that was stored when the rotation began. */
  readonly old: string;
  readonly value: string;
  readonly owner: Owner;
}

/**
 * Replaces the old key in every stored credential that contains it: `login us.icr.io de.icr.io` saves one key as two
 * identities. Credentials that another command has changed since are not touched. The named identity is written last, so
 * that an interrupted replacement is repeated completely. Throws `storage` if another command has changed that identity;
 * then nothing is replaced.
 */
export async function replaceKey(
  context: Context,
  { name, old, value, owner }: Replacement,
): Promise<void> {
  const report: string[] = [];
  await updateSettings(context, async (current, lock) => {
    const store = storeIn(context, current);
    if (secretOf(store, { of: 'identity', name }) !== old) throw changed(name);
    const hasOldKey = (key: SecretKey) => old !== value && secretOf(store, key) === old;
    for (const host of store.names('host')) {
      await lock.step();
      const key = { of: 'host', name: host } as const;
      if (!hasOldKey(key)) continue;
      write(store, key, value, lock);
      report.push(`also replaced the key that docker login stored for ${visible(host)}`);
    }
    const identities = { ...current.identities };
    const { expiresAt } = owner;
    const expiry = expiresAt === undefined ? {} : { expiresAt };
    for (const [other, settings] of Object.entries(identities)) {
      await lock.step();
      const key = { of: 'identity', name: other } as const;
      if (other === name || !isUsable(settings) || !hasOldKey(key)) continue;
      write(store, key, value, lock);
      identities[other] = renewed(context, settings, expiry);
      report.push(`also replaced the same key of identity ${visible(other)}`);
    }
    await lock.step();
    write(store, { of: 'identity', name }, value, lock);
    const settings = own(identities, name);
    if (settings !== undefined && isUsable(settings))
      identities[name] = renewed(context, settings, owner);
    return { ...current, identities };
  });
  const { identities } = readSettings(context);
  removeSupersededTokens(context, Object.keys(identities));
  for (const line of report) printLine(context, line);
}

/** Replaces the secret of a stored credential. */
function write(store: SecretStore, key: SecretKey, Secret: string, lock: ChangeLock): void {
  const stored = store.read(key);
  if (stored !== undefined) store.write(key, { ...stored, Secret }, lock.assertLockHeld);
}

function renewed(
  context: Context,
  { expiresAt: _, ...unchanged }: IdentitySettings,
  known: Owner,
): IdentitySettings {
  // The cache compares the time with that of tokens, and discards those from the old key.
  return {
    ...unchanged,
    ...known,
    secretSetAt: Math.max(context.now(), unchanged.secretSetAt + 1),
  };
}

/** Looks the identity's credential up as `get` does. Throws `misconfigured` if it does not contain the new key. */
export async function requireNewKey(context: Context, name: string, value: string): Promise<void> {
  const found = await foundFor(context, name);
  const secret = await found.secret();
  // The cache discards tokens that are older than the identity's secret.
  if (found.isMinted || secret === value) return;
  throw new HelperError('misconfigured', `clients do not get the new key of identity ${name}`, {
    hint: 'run docker-credential-icr doctor',
  });
}

/** Looks up a host that uses the identity. If a variable has precedence for all of them, looks up the identity itself. */
async function foundFor(context: Context, name: string): Promise<Found> {
  const lookup = lookupIn(context);
  for (const key of keysOfIdentity(await lookup.settings(), name)) {
    const host = parseServerURL(key === everyHost ? 'icr.io' : key);
    const found = 'problem' in host ? undefined : await findCredential(lookup, host);
    if (found?.identity === name) return found;
  }
  return identityNamed(lookup, name);
}
