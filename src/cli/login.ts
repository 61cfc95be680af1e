import { readSettings } from '../config/read-settings.ts';
import { type IdentitySettings, isUsable, type Settings } from '../config/settings.ts';
import { refuseOtherCase, requireIdentityName, saveIdentity } from '../identity/identities.ts';
import { everyHost, own } from '../identity/mapping-key.ts';
import {
  entitledRegistry,
  presentation,
  requireHostOf,
  requirePresentable,
} from '../identity/present.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './hosts.ts';
import { intentOf, type SecretOptions } from './intent.ts';
import { keepIn, storeFor } from './login-store.ts';
import { type RootSecret, readRootSecret } from './root-secret.ts';

interface LoginArgs extends SecretOptions {
  readonly hosts?: readonly string[];
  readonly identity?: string;
  readonly present?: string;
  readonly store?: string;
}

/** Where a credential that answers for every host is tried. */
const globalRegistry = 'icr.io';

export const login: Command<LoginArgs> = {
  options: {
    identity: { type: 'string', describe: 'the name to keep it under' },
    present: {
      type: 'string',
      describe: 'the user name that clients get: iamapikey, iambearer (a short-lived token) …',
    },
    store: {
      type: 'string',
      describe: 'where to keep secrets: osxkeychain, wincred, secretservice, pass, file …',
    },
    'api-key-stdin': { type: 'boolean', describe: 'read the API key from standard input' },
    'api-key-file': {
      type: 'string',
      describe: 'read it from a file that ibmcloud iam api-key-create --file wrote',
    },
    sso: { type: 'boolean', describe: 'sign on with a one-time passcode' },
    'refresh-token-stdin': { type: 'boolean', describe: 'read a refresh token' },
    'trusted-profile': {
      type: 'string',
      describe: 'act as this profile: with an API key, or as the machine that this is',
    },
    'entitlement-key-stdin': { type: 'boolean', describe: 'read an entitlement key (cp.icr.io)' },
    'registry-token-stdin': { type: 'boolean', describe: 'read a registry token (deprecated)' },
    verify: {
      type: 'boolean',
      default: true,
      describe: 'ask IBM Cloud whose it is; --no-verify does not',
    },
  },
  examples: [
    ['login', 'asks for the API key, which then answers for every IBM host'],
    ['login us.icr.io --api-key-file key.json', 'answers for one host only'],
    ['login --identity ci --present iambearer', 'clients never see the key itself'],
  ],
  run: async (context, { hosts = [], identity, present, store, ...options }) => {
    if (identity !== undefined) requireIdentityName(identity);
    const keys = keysOf(hosts, options);
    const current = readSettings(context);
    const names = namesFor(identity, keys, current);
    for (const [name] of names) refuseOtherCase(current, name);
    const kept = names.length === 1 ? own(current.identities, names[0]?.[0] ?? '') : undefined;
    // A login replaces an identity that this version cannot use.
    const before = kept !== undefined && isUsable(kept) ? kept : undefined;
    const intent = intentOf(options, before);
    const host = keys[0]?.replace(/\/.*/, '') ?? globalRegistry;
    const shown = present ?? (before?.kind === intent.kind ? before.present : undefined);
    const presented = { ...intent, ...(shown === undefined ? {} : { present: shown }) };
    requirePresentable(presented, presentation(presented), identity ?? host);

    const chosen = storeFor(context, current, store);
    const hint = hintOf(identity, hosts);
    const target = { host, hint, store: chosen ?? current.store };
    const root = await readRootSecret(context, options, intent, target);
    const { secret, ...known } = root;
    const settings = { ...known, ...presented, secretSetAt: context.now() };
    if (chosen !== undefined) await keepIn(context, chosen);
    for (const [name, answersFor] of names) {
      await saveIdentity(context, { name, settings, secret }, answersFor);
      const answering = [...new Set([...answersFor, ...keysOfIdentity(current, name)])];
      context.stdout(`${report(name, answering, root)}\n`);
    }
    context.stdout('next, unless it is done: docker-credential-icr configure\n');
    return 0;
  },
};

/** How the settings will name the hosts that were typed. */
function keysOf(hosts: readonly string[], { entitlementKeyStdin }: SecretOptions): string[] {
  const typed = hosts.map(requireIbmHost).map(mappingKey);
  if (!entitlementKeyStdin) return typed;
  for (const key of typed) requireHostOf({ kind: 'entitlement-key' }, key);
  return [...new Set([entitledRegistry, ...typed])];
}

/**
 * Which identity is to answer for what. Without a name, a host's identity is named like the host, so
 * that `logout HOST` takes it along. A named one never takes every host away from another.
 */
function namesFor(
  identity: string | undefined,
  keys: readonly string[],
  { identities, mappings }: Settings,
): (readonly [name: string, keys: readonly string[]])[] {
  if (keys.length > 0) {
    return identity === undefined ? keys.map((key) => [key, [key]]) : [[identity, keys]];
  }
  if (identity === undefined) return [['default', [everyHost]]];
  const isNew = !Object.hasOwn(identities, identity) && !Object.hasOwn(mappings, everyHost);
  return [[identity, isNew ? [everyHost] : []]];
}

function keysOfIdentity({ mappings }: Settings, name: string): string[] {
  return Object.keys(mappings).filter((key) => mappings[key]?.identity === name);
}

function hintOf(identity: string | undefined, hosts: readonly string[]): string {
  const words = identity === undefined ? hosts : [...hosts, '--identity', identity];
  return `check it, then run ${['docker-credential-icr login', ...words].join(' ')} again`;
}

function report(name: string, keys: readonly string[], root: RootSecret): string {
  const saved = `identity ${name} (${whose(root)})`;
  if (keys.length === 0) {
    return `${saved} is saved; docker-credential-icr map HOST ${name} lets it answer for a host`;
  }
  return `${saved} answers for ${keys.includes(everyHost) ? 'every IBM host' : keys.join(', ')}`;
}

function whose({ owner, account, expiresAt }: Partial<IdentitySettings>): string {
  const end = expiresAt === undefined ? '' : `, until ${new Date(expiresAt).toISOString()}`;
  const who = `${owner ?? 'not checked'}${account === undefined ? '' : `, account ${account}`}`;
  return `${visible(who)}${end}`;
}
