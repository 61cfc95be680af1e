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
import { secretOf } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';
import { without } from './forget.ts';
import { forgetOldTokens } from './forget-tokens.ts';
import { everyHost, own } from './mapping-key.ts';
import { changed } from './pending-key.ts';
import { presentation, requireHostOf, requirePresentable } from './present.ts';
import { endSignOut, signedOutHosts } from './signed-out.ts';

export interface NewIdentity {
  readonly name: string;
  readonly settings: IdentitySettings;
  readonly secret: string;
  /** The secret that is replaced, `undefined` if there is none: if the stored one differs, nothing is saved. */
  readonly replaces?: { readonly secret: string | undefined };
}

/** Returns true for a name that can be typed, shown and stored everywhere. */
export function isIdentityName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._/-]{0,127}$/i.test(name);
}

/** Throws `invalid-input` for any other name. */
export function requireIdentityName(name: string): string {
  if (isIdentityName(name)) return name;
  throw new HelperError(
    'invalid-input',
    'an identity has a name of letters, digits, dots, hyphens and underscores, 128 at most',
  );
}

/**
 * Keeps an identity and lets it answer for the mapping keys (`host`, `host/namespace`, `*`). The
 * secret is written first: settings never name an identity whose secret is not there yet.
 * Throws `storage` (also if another command has changed what `replaces` says), `damaged`, and `invalid-input` for a
 * name that differs from another in case only.
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
    // A trusted profile has none: the machine vouches for it.
    if (secret === '') {
      if (secretOf(store, key) !== undefined) store.erase(key, lock.requireOurs);
    } else {
      const credential = { ServerURL: name, Username: presentation(settings), Secret: secret };
      store.write(key, credential, lock.requireOurs);
    }
    const added = Object.fromEntries(keys.map((key) => [key, { identity: name }]));
    return {
      ...current,
      identities: { ...current.identities, [name]: settings },
      mappings: { ...current.mappings, ...added },
    };
  });
  forgetOldTokens(context, [name]);
  endSignOuts(context, keys);
}

/** Lets an identity that is kept already answer for `host`, `host/namespace` or `*`. */
export async function mapHost(context: Context, key: string, mapping: Mapping): Promise<void> {
  await updateSettings(context, (current) => {
    const identity = requireUsable(mapping.identity, requireIdentity(current, mapping.identity));
    requirePresentable(identity, presentation(identity, mapping), mapping.identity);
    requireHostOf(identity, key);
    return { ...current, mappings: { ...current.mappings, [key]: mapping } };
  });
  endSignOuts(context, [key]);
}

/** Throws `invalid-input` where the key has no mapping. */
export async function unmapHost(context: Context, key: string): Promise<void> {
  await updateSettings(context, (current) => {
    if (Object.hasOwn(current.mappings, key)) return without(current, [key], []);
    throw new HelperError('invalid-input', `${key} has no mapping`, {
      hint: 'run docker-credential-icr status',
    });
  });
}

/** Throws `invalid-input` for a name that none has; it is not repeated: it may be a key in the wrong place. */
export function requireIdentity(
  { identities }: Settings,
  name: string,
): IdentitySettings | Unusable {
  const identity = own(identities, name);
  if (identity !== undefined) return identity;
  const names = Object.keys(identities).join(', ') || 'none';
  throw new HelperError('invalid-input', `there is no such identity; there are: ${names}`);
}

/** Throws `invalid-input` where two identities would differ in letter case only: some file systems know no case. */
export function refuseOtherCase({ identities }: Settings, name: string): void {
  const same = Object.keys(identities).find(
    (other) => other !== name && other.toLowerCase() === name.toLowerCase(),
  );
  if (same === undefined) return;
  throw new HelperError(
    'invalid-input',
    `there is an identity ${same} already, and ${name} differs from it in letter case only`,
  );
}

/** Whoever names a host again wants it answered; `*` names them all. */
function endSignOuts(context: Context, keys: readonly string[]): void {
  const hosts = keys.includes(everyHost)
    ? signedOutHosts(context)
    : keys.map((key) => key.replace(/\/.*/, ''));
  for (const host of hosts) endSignOut(context, host);
}
