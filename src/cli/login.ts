import { readSettings } from '../config/read-settings.ts';
import { type IdentitySettings, isUsable, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
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
import { mappingKey, requireIbmHost } from './host-arguments.ts';
import { intentOf, type SecretOptions } from './intent.ts';
import { secretGroup, secretOptions, storeOption } from './login-options.ts';
import { keepIn, savedIn, storeFor } from './login-store.ts';
import { type RootSecret, readRootSecret } from './root-secret.ts';
import { lineFor } from './wrap.ts';

export interface LoginArgs extends SecretOptions {
  readonly hosts?: readonly string[];
  readonly identity?: string;
  readonly present?: string;
  readonly store?: string;
}

/** Where a credential that is used for every ICR host is tried. */
const globalRegistry = 'icr.io';

export const login: Command<LoginArgs> = {
  options: {
    ...secretOptions,
    'refresh-token-stdin': {
      type: 'boolean',
      describe: 'read a refresh token from standard input',
      group: secretGroup,
    },
    'entitlement-key-stdin': {
      type: 'boolean',
      describe: 'read an entitlement key for cp.icr.io from standard input',
      group: secretGroup,
    },
    'registry-token-stdin': {
      type: 'boolean',
      describe: 'read a registry token from standard input (deprecated)',
      group: secretGroup,
    },
    'trusted-profile': {
      type: 'string',
      describe: "use this trusted profile: with an API key, or with this instance's identity",
      group: 'Identity',
    },
    identity: { type: 'string', describe: 'the name of the identity', group: 'Identity' },
    present: {
      type: 'string',
      describe: 'the user name for clients: iamapikey, iambearer (a short-lived token), iamrefresh',
      group: 'Identity',
    },
    verify: {
      type: 'boolean',
      default: true,
      describe: 'verify the credential with IAM; --no-verify skips it',
      group: 'Identity',
    },
    store: storeOption,
  },
  examples: [
    ['login', 'asks for an API key and uses it for all ICR hosts'],
    ['login us.icr.io --api-key-file key.json', 'for one host only'],
    ['login --identity ci --present iambearer', 'clients get short-lived tokens, not the key'],
  ],
  run: async (context, args) => {
    await logIn(context, args);
    const { offerToRegister } = await import('./register-clients.ts');
    await offerToRegister(context);
    return 0;
  },
};

/**
 * Reads a credential from where the options say, verifies and stores it, and reports what is true now. `command` is the
 * one that was typed, for hints. Throws `HelperError`, and then nothing was changed.
 */
export async function logIn(
  context: Context,
  { hosts = [], identity, present, store, ...options }: LoginArgs,
  command = 'login',
): Promise<void> {
  if (identity !== undefined) requireIdentityName(identity);
  const keys = keysOf(hosts, options);
  const current = readSettings(context);
  const names = namesFor(identity, keys, current);
  for (const [name] of names) refuseOtherCase(current, name);
  const known = names.length === 1 ? own(current.identities, names[0]?.[0] ?? '') : undefined;
  // A login replaces an identity that this version cannot use.
  const before = known !== undefined && isUsable(known) ? known : undefined;
  const intent = intentOf(options, before);
  const host = hostOf(keys);
  const kept = before?.kind === intent.kind ? before.present : undefined;
  const shown = present ?? kept;
  const presented = { ...intent, ...(shown === undefined ? {} : { present: shown }) };
  requirePresentable(presented, presentation(presented), identity ?? host);

  const chosen = storeFor(context, current, store);
  const hint = hintOf(command, identity, hosts);
  const target = { host, hint, store: chosen ?? current.store };
  const root = await readRootSecret(context, options, intent, target);
  const { secret, ...details } = root;
  const settings = { ...details, ...presented, secretSetAt: context.now() };
  if (chosen !== undefined) await keepIn(context, chosen);
  const answering = new Set<string>();
  for (const [name, answersFor] of names) {
    await saveIdentity(context, { name, settings, secret }, answersFor);
    for (const key of [...answersFor, ...keysOfIdentity(current, name)]) answering.add(key);
  }
  const print = (line: string) => context.stdout(lineFor(context.screen?.(), line));
  if (secret !== '') print(savedIn(context, root.kind));
  report(names[0]?.[0] ?? '', [...answering], root).forEach(print);
  if (present === undefined && kept !== undefined) {
    print(`clients still get the user name ${visible(kept)}; --present changes it`);
  }
}

/** The host where the credential is tried: the entitled registry has another kind of key than the others. */
function hostOf(keys: readonly string[]): string {
  const hosts = keys.map((key) => key.replace(/\/.*/, ''));
  return hosts.find((host) => host === entitledRegistry) ?? hosts[0] ?? globalRegistry;
}

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

function hintOf(command: string, identity: string | undefined, hosts: readonly string[]): string {
  const words = identity === undefined ? hosts : [...hosts, '--identity', identity];
  return `check it, then run ${['docker-credential-icr', command, ...words].join(' ')} again`;
}

function report(name: string, keys: readonly string[], root: RootSecret): string[] {
  const isNamed = name !== 'default' && !keys.includes(name);
  const who = `${whose(root)}${isNamed ? ` with identity ${name}` : ''}`;
  if (keys.length === 0) {
    return [
      `${who}; not used for any host yet`,
      `next: docker-credential-icr map HOST ${visible(name)}`,
    ];
  }
  return [`${who}; used for ${keys.includes(everyHost) ? 'all ICR hosts' : keys.join(', ')}`];
}

function whose({ owner, account, expiresAt }: Partial<IdentitySettings>): string {
  const end = expiresAt === undefined ? '' : `, expires ${new Date(expiresAt).toISOString()}`;
  if (owner === undefined) return `Saved without verification${end}`;
  return `Logged in as ${visible(owner)}${account === undefined ? '' : ` (account ${visible(account)})`}${end}`;
}
