import { readSettings } from '../config/read-settings.ts';
import { type IdentitySettings, isUsable, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { refuseOtherCase, requireIdentityName, saveIdentity } from '../identity/identities.ts';
import { everyHost, keysOfIdentity } from '../identity/lookup.ts';
import { entitledRegistry, requireHostOf } from '../identity/present.ts';
import { endNamedSignOuts } from '../identity/signed-out.ts';
import { own } from '../json-object.ts';
import { shellQuoted, visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './host-arguments.ts';
import { chooseStore, recordStore, savedMessage } from './login-store.ts';
import { printLine } from './output.ts';
import { minLifetimeOption, presentedIdentity } from './presentation-options.ts';
import { type RootSecret, readRootSecret } from './root-secret.ts';
import {
  identityTypeOf,
  type SecretOptions,
  secretGroup,
  secretOptions,
  storeOption,
} from './secret-options.ts';

export interface LoginArgs extends SecretOptions {
  readonly hosts?: readonly string[];
  readonly identity?: string;
  readonly present?: string;
  readonly minLifetime?: string;
  readonly store?: string;
}

/** Verifies a credential that is used for all ICR hosts. */
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
    identity: { type: 'string', describe: 'the name of the identity', group: 'Identity' },
    present: {
      type: 'string',
      describe: 'the user name for clients: iamapikey, iambearer (a short-lived token), iamrefresh',
      group: 'Identity',
    },
    'min-lifetime': { ...minLifetimeOption, group: 'Identity' },
    verify: {
      type: 'boolean',
      default: true,
      describe: 'verify the credential with IAM; --no-verify skips it',
      group: 'Identity',
    },
    store: storeOption,
  },
  examples: [
    ['login', 'ask for an API key and use it for all ICR hosts'],
    ['login us.icr.io --api-key-file key.json', 'for one host only'],
    ['login --identity ci --present iambearer', 'clients get short-lived tokens, not the key'],
    [
      'login --identity ci --present iambearer --min-lifetime 30m',
      'tokens for builds of up to 30 minutes',
    ],
  ],
  run: async (context, args) => {
    await logIn(context, args);
    const { offerToRegister } = await import('./register-clients.ts');
    await offerToRegister(context);
    return 0;
  },
};

/**
 * Reads a secret from the selected source, verifies it, stores it and reports the result. `command` is the name of the
 * running command, for hints. Throws `HelperError`; then nothing was changed.
 */
export async function logIn(
  context: Context,
  { hosts = [], identity, present, minLifetime, store, ...options }: LoginArgs,
  command = 'login',
): Promise<void> {
  if (identity !== undefined) requireIdentityName(identity);
  const keys = keysOf(hosts, options);
  const current = readSettings(context);
  const targets = targetsOf(identity, keys, current);
  for (const { name } of targets) refuseOtherCase(current, name);
  const known = targets.length === 1 ? own(current.identities, targets[0]?.name ?? '') : undefined;
  // An identity that this version cannot use is replaced as if it did not exist.
  const existing = known !== undefined && isUsable(known) ? known : undefined;
  const type = identityTypeOf(options, existing);
  const host = hostOf(keys);
  const name = targets.map((target) => target.name).join(', ');
  const presented = presentedIdentity(type, existing, { present, minLifetime }, name);

  const newStore = chooseStore(context, current, store);
  const hint = hintOf(command, identity, hosts);
  const login = { host, hint, store: newStore ?? current.store };
  const root = await readRootSecret(context, options, type, login);
  const { secret, ...details } = root;
  // The name of a trusted profile was replaced by its ID.
  const settings = { ...presented, ...details, secretSetAt: context.now() };
  if (newStore !== undefined) await recordStore(context, newStore);
  const usedFor = new Set<string>();
  for (const { name, mapped } of targets) {
    await saveIdentity(context, { name, settings, secret }, mapped);
    for (const key of [...mapped, ...keysOfIdentity(current, name)]) usedFor.add(key);
  }
  endNamedSignOuts(
    context,
    targets.map(({ name }) => name),
  );
  if (secret !== '') printLine(context, savedMessage(context, root.kind));
  const lines = report(targets[0]?.name ?? '', [...usedFor], root);
  for (const line of lines) printLine(context, line);
  if (present === undefined && presented.present !== undefined) {
    printLine(
      context,
      `clients still get the user name ${visible(presented.present)}; --present changes it`,
    );
  }
}

/** Returns the host where the credential is tried. The entitled registry accepts another kind of key than the others. */
function hostOf(keys: readonly string[]): string {
  const hosts = keys.map((key) => key.replace(/\/.*/, ''));
  return hosts.find((host) => host === entitledRegistry) ?? hosts[0] ?? globalRegistry;
}

/** Returns the mapping keys of the typed hosts. An entitlement key is always used for `cp.icr.io`. */
function keysOf(hosts: readonly string[], { entitlementKeyStdin }: SecretOptions): string[] {
  const typed = hosts.map(requireIbmHost).map(mappingKey);
  if (!entitlementKeyStdin) return typed;
  for (const key of typed) requireHostOf({ kind: 'entitlement-key' }, key);
  return [...new Set([entitledRegistry, ...typed])];
}

/** An identity to save, and the mapping keys to add for it. */
interface TargetIdentity {
  readonly name: string;
  readonly mapped: readonly string[];
}

/**
 * Returns the identities to save. Without `--identity`, the identity of a host has the name of the host, so that
 * `logout HOST` removes it. With `--identity` and no host, all hosts are mapped only if the identity is new and they are
 * not mapped yet.
 */
function targetsOf(
  identity: string | undefined,
  keys: readonly string[],
  { identities, mappings }: Settings,
): readonly TargetIdentity[] {
  if (keys.length > 0) {
    if (identity !== undefined) return [{ name: identity, mapped: keys }];
    return keys.map((key) => ({ name: key, mapped: [key] }));
  }
  if (identity === undefined) return [{ name: 'default', mapped: [everyHost] }];
  const isNew = !Object.hasOwn(identities, identity) && !Object.hasOwn(mappings, everyHost);
  return [{ name: identity, mapped: isNew ? [everyHost] : [] }];
}

function hintOf(command: string, identity: string | undefined, hosts: readonly string[]): string {
  const words = identity === undefined ? hosts : [...hosts, '--identity', identity];
  return `check it, then run ${['docker-credential-icr', command, ...words.map(shellQuoted)].join(' ')} again`;
}

function report(name: string, keys: readonly string[], root: RootSecret): string[] {
  const isNamed = name !== 'default' && !keys.includes(name);
  const status = ownerLine(root, isNamed ? name : undefined);
  if (keys.length === 0) {
    return [
      `${status}; not used for any host yet`,
      `next: docker-credential-icr map HOST ${shellQuoted(name)}`,
    ];
  }
  return [`${status}; used for ${keys.includes(everyHost) ? 'all ICR hosts' : keys.join(', ')}`];
}

function ownerLine(
  { owner, account, expiresAt }: Partial<IdentitySettings>,
  identity: string | undefined,
): string {
  const expiry = expiresAt === undefined ? '' : `, expires ${new Date(expiresAt).toISOString()}`;
  const saved = identity === undefined ? 'Saved' : `Saved identity ${identity}`;
  if (owner === undefined) return `${saved} without verification${expiry}`;
  const accountPart = account === undefined ? '' : ` (account ${visible(account)})`;
  const named = identity === undefined ? '' : ` with identity ${identity}`;
  return `Logged in as ${visible(owner)}${accountPart}${expiry}${named}`;
}
