import type { Context } from '../context.ts';
import type { Caller } from '../http/api-call.ts';
import { lookupIn } from '../identity/lookup.ts';
import { plain } from '../mask.ts';
import type { RegistryToken } from '../registry/registry-tokens.ts';
import { visible } from '../visible.ts';
import { callerFor } from './caller.ts';
import type { Command, Option } from './command.ts';
import { requireIbmHost } from './host-arguments.ts';
import { duration, printLine, table } from './output.ts';
import { confirm } from './prompt.ts';

/** The arguments that all these commands accept. */
interface RegistryArgs {
  readonly host: string;
  readonly identity?: string;
}

interface AddArgs extends RegistryArgs {
  readonly description?: string;
  readonly nonExpiring?: boolean;
  readonly readwrite?: boolean;
}

interface ListArgs extends RegistryArgs {
  readonly json?: boolean;
}

interface TokenArgs extends RegistryArgs {
  readonly id: string;
  readonly yes?: boolean;
}

const registryOptions: Readonly<Record<string, Option>> = {
  host: { type: 'string', default: 'icr.io', describe: 'the registry that stores the tokens' },
  identity: {
    type: 'string',
    alias: 'as',
    describe: 'call the registry as this identity (default: the identity of the host)',
  },
};

export const add: Command<AddArgs> = {
  options: {
    description: { type: 'string', describe: 'the description of the token' },
    'non-expiring': { type: 'boolean', describe: 'never expires (default: after 24 hours)' },
    readwrite: { type: 'boolean', describe: 'can push and pull (default: pull only)' },
    ...registryOptions,
  },
  examples: [
    ['registry-token add --description build', 'can pull for 24 hours, with the user name token'],
    ['api-key create --service-id build', 'the replacement for registry tokens'],
  ],
  run: async (context, args) => {
    const { addRegistryToken } = await import('../registry/registry-tokens.ts');
    const { caller, host } = await callerAndHost(context, args);
    const { id, token } = await addRegistryToken(context, caller, host, {
      description: args.description,
      permanent: args.nonExpiring ?? false,
      write: args.readwrite ?? false,
    });
    context.warn(
      `created registry token ${id} at ${host}; registry tokens are deprecated`,
      'use docker-credential-icr api-key create instead',
    );
    context.stdout(`${token}\n`);
    return 0;
  },
};

const head = ['ID', 'EXPIRES IN', 'ACCESS', 'DESCRIPTION'];
/** An ID has 36 characters; the table fits into 80. */
const maxLengths = [36, 10, 7, 21];

export const list: Command<ListArgs> = {
  options: { ...registryOptions, json: { type: 'boolean', describe: 'print JSON' } },
  examples: [['registry-token list --host us.icr.io', 'the tokens of us.icr.io']],
  run: async (context, args) => {
    const { listRegistryTokens } = await import('../registry/registry-tokens.ts');
    const { caller, host } = await callerAndHost(context, args);
    const tokens = await listRegistryTokens(context, caller, host);
    if (args.json) {
      context.stdout(`${JSON.stringify({ registryTokens: tokens.map(jsonOf) }, null, 2)}\n`);
    } else if (tokens.length === 0) {
      printLine(context, `no registry tokens at ${host}`);
    } else {
      context.stdout(table(context, head, tokens.map(cellsIn(context)), maxLengths));
    }
    return 0;
  },
};

export const get: Command<TokenArgs> = {
  options: registryOptions,
  examples: [
    [
      'registry-token get ID | docker login -u token --password-stdin icr.io',
      'log in with an existing token',
    ],
  ],
  run: async (context, args) => {
    const { getRegistryToken } = await import('../registry/registry-tokens.ts');
    const { caller, host } = await callerAndHost(context, args);
    context.stdout(`${await getRegistryToken(context, caller, host, args.id)}\n`);
    return 0;
  },
};

export const remove: Command<TokenArgs> = {
  options: {
    ...registryOptions,
    yes: { type: 'boolean', describe: 'do not ask for confirmation' },
  },
  examples: [['registry-token rm ID --yes', 'in scripts']],
  run: async (context, args) => {
    const { removeRegistryToken } = await import('../registry/registry-tokens.ts');
    const { caller, host } = await callerAndHost(context, args);
    const name = `registry token ${args.id} at ${host}`;
    if (!(await confirm(context, `remove ${name}`, args.yes))) return 1;
    await removeRegistryToken(context, caller, host, args.id);
    printLine(context, `removed ${visible(name)}`);
    return 0;
  },
};

async function callerAndHost(
  context: Context,
  { host: typed, identity }: RegistryArgs,
): Promise<{ readonly caller: Caller; readonly host: string }> {
  const { name: host } = requireIbmHost(typed);
  return { caller: await callerFor(lookupIn(context), identity, host), host };
}

function jsonOf({ expiresAt, ...token }: RegistryToken): object {
  const expiry = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
  return { ...token, expiresAt: expiry };
}

function cellsIn({ now }: Context) {
  return ({ id, expiresAt, readonly, revoked, description }: RegistryToken): string[] => [
    id,
    expiresAt === undefined ? 'never' : duration(expiresAt - now()),
    revoked ? 'revoked' : readonly ? 'pull' : 'push',
    plain(description ?? ''),
  ];
}
