import type { IdentitySettings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { requireIdentityName, saveIdentity } from '../identity/identities.ts';
import { everyHost } from '../identity/mapping.ts';
import { requirePresentable } from '../identity/present.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './hosts.ts';
import { type RootSecret, readRootSecret, type SecretOptions } from './root-secret.ts';

interface LoginArgs extends SecretOptions {
  readonly hosts?: readonly string[];
  readonly identity?: string;
  readonly present?: string;
}

/** The only host that takes entitlement keys. */
const entitledRegistry = 'cp.icr.io';
/** Where a credential that answers for every host is tried. */
const globalRegistry = 'icr.io';

export const login: Command<LoginArgs> = {
  usage: 'login [hosts..]',
  describe: 'save an API key, or another credential, for the hosts or for every IBM host',
  options: {
    identity: { type: 'string', describe: 'the name to keep it under' },
    present: {
      type: 'string',
      describe: 'the user name that clients get: iamapikey, iambearer (a short-lived token) …',
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
  run: async (context, { hosts = [], identity, present, ...options }) => {
    if (identity !== undefined) requireIdentityName(identity);
    const keys = keysOf(hosts, options);
    const host = keys[0]?.replace(/\/.*/, '') ?? globalRegistry;
    const root = await readRootSecret(context, options, host, hintOf(identity, hosts));
    const { secret, ...known } = root;
    if (present !== undefined) requirePresentable(known, present, identity ?? host);
    for (const [name, answersFor] of namesFor(identity, keys)) {
      const since = context.now();
      const settings = { ...known, since, ...(present === undefined ? {} : { present }) };
      await saveIdentity(context, { name, settings, secret }, answersFor);
      context.stdout(`${report(name, answersFor, root)}\n`);
    }
    context.stdout('next, unless it is done: docker-credential-icr configure\n');
    return 0;
  },
};

/** How the settings will name the hosts that were typed. */
function keysOf(hosts: readonly string[], { entitlementKeyStdin }: SecretOptions): string[] {
  const typed = hosts.map(requireIbmHost);
  if (!entitlementKeyStdin) return typed.map(mappingKey);
  const other = typed.find(({ name }) => name !== entitledRegistry);
  if (other === undefined) return [...new Set([entitledRegistry, ...typed.map(mappingKey)])];
  throw new HelperError(
    'invalid-input',
    `${other.name} takes no entitlement key; only ${entitledRegistry} does`,
  );
}

/** Without a name, a host's identity is named like the host, so that `logout HOST` takes it along. */
function namesFor(identity: string | undefined, keys: readonly string[]) {
  if (keys.length === 0) return [[identity ?? 'default', [everyHost]]] as const;
  if (identity !== undefined) return [[identity, keys]] as const;
  return keys.map((key) => [key, [key]] as const);
}

function hintOf(identity: string | undefined, hosts: readonly string[]): string {
  const words = identity === undefined ? hosts : [...hosts, '--identity', identity];
  return `check it, then run ${['docker-credential-icr login', ...words].join(' ')} again`;
}

function report(name: string, keys: readonly string[], root: RootSecret): string {
  const hosts = keys.includes(everyHost) ? 'every IBM host' : keys.join(', ');
  return `identity ${name} (${whose(root)}) answers for ${hosts}`;
}

function whose({ owner, account, expiresAt }: Partial<IdentitySettings>): string {
  const end = expiresAt === undefined ? '' : `, until ${new Date(expiresAt).toISOString()}`;
  return `${owner ?? 'not checked'}${account === undefined ? '' : `, account ${account}`}${end}`;
}
