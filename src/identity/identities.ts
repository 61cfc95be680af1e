import {
  type IdentitySettings,
  type Mapping,
  requireUsable,
  type Settings,
  type Unusable,
} from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { own } from '../json-object.ts';
import { secretOf } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';
import { removeSupersededTokens } from './cached-tokens.ts';
import { everyHost } from './lookup.ts';
import { changed } from './pending-key.ts';
import { presentation, requireAccessToken, requireHostOf, requirePresentable } from './present.ts';
import { without } from './removal.ts';
import { endSignOut, signedOutHosts } from './signed-out.ts';

interface NewIdentity {
  readonly name: string;
  readonly settings: IdentitySettings;
  readonly secret: string;
  /** The secret that must be stored before (undefined: none); if another one is stored, saving fails. */
  readonly replaces?: { readonly secret: string | undefined };
}

/** Returns true for a valid name of an identity, which is also safe as a file name and in messages. */
export function isIdentityName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._/-]{0,127}$/i.test(name);
}

/** Throws `invalid-input` for any other name. */
export function requireIdentityName(name: string): string {
  if (isIdentityName(name)) return name;
  throw new HelperError('invalid-input', 'invalid identity name', {
    hint: 'use letters, digits, dots, hyphens, underscores and slashes, at most 128 characters',
  });
}

/**
 * Stores an identity and maps it to the keys (`host`, `host/namespace`, `*`). The secret is written before the settings, so
 * that the settings never refer to a missing secret. Throws `storage` (also if the stored secret differs from `replaces`),
 * `damaged`, and `invalid-input` if the name differs from another one only in case.
 */
export async function saveIdentity(
  context: Context,
  { name, settings, secret, replaces }: NewIdentity,
  keys: readonly string[],
): Promise<void> {
  await updateSettings(context, async (current, lock) => {
    refuseOtherCase(current, name);
    const key = { of: 'identity', name } as const;
    const store = secretStore(context);
    if (replaces !== undefined && secretOf(store, key) !== replaces.secret) throw changed(name);
    await lock.step();
    // Trusted profiles do not have a secret.
    if (secret === '') {
      if (secretOf(store, key) !== undefined) store.erase(key, lock.assertLockHeld);
    } else {
      const credential = { ServerURL: name, Username: presentation(settings), Secret: secret };
      store.write(key, credential, lock.assertLockHeld);
    }
    const added = Object.fromEntries(keys.map((key) => [key, { identity: name }]));
    return {
      ...current,
      identities: { ...current.identities, [name]: settings },
      mappings: { ...current.mappings, ...added },
    };
  });
  removeSupersededTokens(context, [name]);
  endSignOuts(context, keys);
}

/** Maps an existing identity to `host`, `host/namespace` or `*`. Throws `invalid-input` and `misconfigured`. */
export async function mapHost(context: Context, key: string, mapping: Mapping): Promise<void> {
  await updateSettings(context, (current) => {
    const identity = requireUsable(mapping.identity, requireIdentity(current, mapping.identity));
    const username = presentation(identity, mapping);
    requirePresentable(identity, username, mapping.identity);
    if (mapping.minLifetimeMs) requireAccessToken(identity, username, mapping.identity);
    requireHostOf(identity, key);
    return { ...current, mappings: { ...current.mappings, [key]: mapping } };
  });
  endSignOuts(context, [key]);
}

/** Removes a mapping, but not its identity. Throws `invalid-input` if the mapping does not exist. */
export async function unmapHost(context: Context, key: string): Promise<void> {
  await updateSettings(context, (current) => {
    if (Object.hasOwn(current.mappings, key)) return without(current, [key], []);
    throw new HelperError('invalid-input', `${key} has no mapping`, {
      hint: 'run docker-credential-icr status',
    });
  });
}

/** Throws `invalid-input` for an unknown name. The message does not repeat it: it may be an API key in the wrong place. */
export function requireIdentity(
  { identities }: Settings,
  name: string,
): IdentitySettings | Unusable {
  const identity = own(identities, name);
  if (identity !== undefined) return identity;
  const names = Object.keys(identities).join(', ') || 'none';
  const hint = 'run docker-credential-icr login --identity NAME';
  throw new HelperError(
    'invalid-input',
    `unknown identity; existing identities: ${names}`,
    names === 'none' ? { hint } : {},
  );
}

/** Throws `invalid-input` if the name differs from another one only in case: some file systems are case-insensitive. */
export function refuseOtherCase({ identities }: Settings, name: string): void {
  const same = Object.keys(identities).find(
    (other) => other !== name && other.toLowerCase() === name.toLowerCase(),
  );
  if (same === undefined) return;
  throw new HelperError(
    'invalid-input',
    `identity ${name} differs from the existing identity ${same} only in case`,
    { hint: `use ${same}, or another name` },
  );
}

/** Removes the sign-out marks of the mapped hosts; of all hosts for `*`. */
function endSignOuts(context: Context, keys: readonly string[]): void {
  const hosts = keys.includes(everyHost)
    ? signedOutHosts(context)
    : keys.map((key) => key.replace(/\/.*/, ''));
  for (const host of hosts) endSignOut(context, host);
}
