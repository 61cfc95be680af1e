import {
  type IdentitySettings,
  type Mapping,
  readSettings,
  type Settings,
} from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { secretStore, storeIn } from '../secrets/secret-store.ts';
import { everyHost, own } from './mapping.ts';
import { erasePendingKey } from './pending-key.ts';
import { presentation, requireHostOf, requirePresentable } from './present.ts';
import { endSignOut, signedOutHosts, signOut } from './signed-out.ts';
import { forgetMintedTokens, forgetTokens } from './tokens.ts';

export interface NewIdentity {
  readonly name: string;
  readonly settings: IdentitySettings;
  readonly secret: string;
}

/** Throws `invalid-input` for a name that could not be typed, shown or kept everywhere. */
export function requireIdentityName(name: string): string {
  if (/^[a-z0-9][a-z0-9._/-]{0,127}$/i.test(name)) return name;
  throw new HelperError(
    'invalid-input',
    'an identity has a name of letters, digits, dots, hyphens and underscores, 128 at most',
  );
}

/**
 * Keeps an identity and lets it answer for the mapping keys (`host`, `host/namespace`, `*`). The
 * secret is written first: settings never name an identity whose secret is not there yet.
 * Throws `storage`, `damaged`, and `invalid-input` for a name that differs from another in case only.
 */
export async function saveIdentity(
  context: Context,
  { name, settings, secret }: NewIdentity,
  keys: readonly string[],
): Promise<void> {
  await updateSettings(context, (current) => {
    refuseOtherCase(current, name);
    const key = { of: 'identity', name } as const;
    // A trusted profile has none: the machine vouches for it.
    if (secret !== '') {
      storeIn(context, current).write(key, {
        ServerURL: name,
        Username: presentation(settings),
        Secret: secret,
      });
    }
    const added = Object.fromEntries(keys.map((key) => [key, { identity: name }]));
    return {
      ...current,
      identities: { ...current.identities, [name]: settings },
      mappings: { ...current.mappings, ...added },
    };
  });
  forgetTokens(context, name);
  endSignOuts(context, keys);
}

/** Lets an identity that is kept already answer for `host`, `host/namespace` or `*`. */
export async function mapHost(context: Context, key: string, mapping: Mapping): Promise<void> {
  await updateSettings(context, (current) => {
    const identity = own(current.identities, mapping.identity);
    if (identity === undefined) throw unknownIdentity(current);
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
    throw new HelperError(
      'invalid-input',
      `${key} has no mapping; see docker-credential-icr status`,
    );
  });
}

/** What was typed is not repeated: it may be a key in the wrong place. */
function unknownIdentity({ identities }: Settings): HelperError {
  const names = Object.keys(identities).join(', ') || 'none';
  return new HelperError('invalid-input', `there is no such identity; there are: ${names}`);
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

/**
 * Signs one host out: what was kept for it alone goes, and nothing else answers for it any more.
 * Returns the identities that are kept, and that answered for it by a mapping of its own.
 */
export async function signOutOf(context: Context, host: string): Promise<string[]> {
  signOut(context, host);
  secretStore(context).erase({ of: 'host', name: host });
  const { mappings } = readSettings(context);
  const keys = Object.keys(mappings).filter((key) => key === host || key.startsWith(`${host}/`));
  if (keys.length === 0) return [];
  const named = new Set(keys.flatMap((key) => mappings[key]?.identity ?? []));
  await updateSettings(context, (current) => without(current, keys, []));
  const elsewhere = Object.entries(mappings).flatMap(([key, { identity }]) =>
    keys.includes(key) ? [] : identity,
  );
  const alone = [...named].filter((name) => keys.includes(name) && !elsewhere.includes(name));
  await forgetIdentities(context, alone);
  return [...named].filter((name) => !alone.includes(name));
}

/** Removes identities with their secrets and whatever is mapped to them. */
export async function forgetIdentities(context: Context, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await updateSettings(context, (current) => {
    const keys = Object.keys(current.mappings).filter((key) =>
      names.includes(current.mappings[key]?.identity ?? ''),
    );
    return without(current, keys, names);
  });
  for (const name of names) {
    secretStore(context).erase({ of: 'identity', name });
    erasePendingKey(context, name);
    forgetTokens(context, name);
  }
}

/** Removes every identity, every mapping, every token, and what `docker login` stored for IBM's hosts. */
export async function forgetEverything(context: Context): Promise<void> {
  const secrets = secretStore(context);
  await updateSettings(context, (current) => ({ ...current, identities: {}, mappings: {} }));
  for (const name of secrets.names('identity')) secrets.erase({ of: 'identity', name });
  for (const name of secrets.names('host')) {
    const host = parseServerURL(name);
    if (!('problem' in host) && isIbmHost(host)) secrets.erase({ of: 'host', name });
  }
  forgetMintedTokens(context);
}

function without(
  settings: Settings,
  keys: readonly string[],
  identities: readonly string[],
): Settings {
  return {
    ...settings,
    identities: omit(settings.identities, identities),
    mappings: omit(settings.mappings, keys),
  };
}

function omit<Value>(table: Readonly<Record<string, Value>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));
}
