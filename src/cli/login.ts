import { readSettings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import type { Owner } from '../iam/owner.ts';
import { requireIdentityName, saveIdentity } from '../identity/identities.ts';
import { everyHost } from '../identity/mapping.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './hosts.ts';
import { type ApiKeyOptions, readApiKey } from './secret-input.ts';

interface LoginArgs extends ApiKeyOptions {
  readonly hosts?: readonly string[];
  readonly identity?: string;
  readonly verify: boolean;
}

export const login: Command<LoginArgs> = {
  usage: 'login [hosts..]',
  describe: 'save an API key that answers for the hosts, or for every IBM host',
  options: {
    identity: { type: 'string', describe: 'the name to keep it under' },
    'api-key-stdin': { type: 'boolean', describe: 'read the API key from standard input' },
    'api-key-file': {
      type: 'string',
      describe: 'read it from a file that ibmcloud iam api-key-create --file wrote',
    },
    verify: {
      type: 'boolean',
      default: true,
      describe: 'ask IBM Cloud whose it is; --no-verify does not',
    },
  },
  examples: [
    ['login', 'asks for the API key, which then answers for every IBM host'],
    ['login us.icr.io --api-key-file key.json', 'answers for one host only'],
  ],
  run: async (context, { hosts = [], identity, verify, ...options }) => {
    if (identity !== undefined) requireIdentityName(identity);
    const keys = hosts.map((host) => mappingKey(requireIbmHost(host)));
    const apiKey = await readApiKey(context, options);
    const owner = verify ? await askIam(context, apiKey, again(identity, keys)) : undefined;
    for (const [name, answersFor] of namesFor(identity, keys)) {
      const settings = { kind: 'api-key', since: context.now(), ...owner } as const;
      await saveIdentity(context, { name, settings, secret: apiKey }, answersFor);
      context.stdout(`${report(name, answersFor, owner)}\n`);
    }
    context.stdout('next, unless it is done: docker-credential-icr configure\n');
    return 0;
  },
};

/** Without a name, a host's identity is named like the host, so that `logout HOST` takes it along. */
function namesFor(identity: string | undefined, keys: readonly string[]) {
  if (keys.length === 0) return [[identity ?? 'default', [everyHost]]] as const;
  if (identity !== undefined) return [[identity, keys]] as const;
  return keys.map((key) => [key, [key]] as const);
}

function again(identity: string | undefined, keys: readonly string[]): string {
  const words = identity === undefined ? keys : [...keys, '--identity', identity];
  return ['run docker-credential-icr login', ...words].join(' ');
}

async function askIam(context: Context, apiKey: string, hint: string): Promise<Owner> {
  const { ownerOfApiKey } = await import('../iam/owner.ts');
  const endpoint = readSettings(context).iamEndpoint;
  return ownerOfApiKey(context, apiKey, {
    hint: `check the key, then ${hint} again`,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}

function report(name: string, keys: readonly string[], owner: Owner | undefined): string {
  const whose = owner === undefined ? 'an API key that was not checked' : describeOwner(owner);
  const hosts = keys.includes(everyHost) ? 'every IBM host' : keys.join(', ');
  return `identity ${name} (${whose}) answers for ${hosts}`;
}

function describeOwner({ owner, account, expiresAt }: Owner): string {
  const end =
    expiresAt === undefined ? '' : `, until ${new Date(expiresAt).toISOString().slice(0, 10)}`;
  return `${owner}${account === undefined ? '' : `, account ${account}`}${end}`;
}
