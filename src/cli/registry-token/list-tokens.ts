import type { Context } from '../../context.ts';
import { plain } from '../../plain-text.ts';
import type { RegistryToken } from '../../registry/registry-tokens.ts';
import type { Command } from '../command.ts';
import { duration, table } from '../table.ts';
import { type RegistryArgs, reach, registryOptions } from './call.ts';

interface ListArgs extends RegistryArgs {
  readonly json?: boolean;
}

const head = ['ID', 'ENDS IN', 'MAY', 'DESCRIPTION'];
/** Characters; an ID has 36, and 80 are a line. */
const widths = [36, 8, 7, 23];

export const list: Command<ListArgs> = {
  options: { ...registryOptions, json: { type: 'boolean', describe: 'as JSON' } },
  examples: [['registry-token list --host us.icr.io', 'those of the US registry']],
  run: async (context, args) => {
    const { listRegistryTokens } = await import('../../registry/registry-tokens.ts');
    const { caller, host } = await reach(context, args);
    const tokens = await listRegistryTokens(context, caller, host);
    if (args.json) {
      context.stdout(`${JSON.stringify({ registryTokens: tokens.map(shown) }, null, 2)}\n`);
    } else if (tokens.length === 0) {
      context.stdout(`no registry tokens at ${host}\n`);
    } else {
      context.stdout(table(context, head, tokens.map(cellsIn(context)), widths));
    }
    return 0;
  },
};

/** As JSON shows it: times in ISO 8601. */
function shown({ expiresAt, ...token }: RegistryToken): object {
  const end = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
  return { ...token, expiresAt: end };
}

function cellsIn({ now }: Context) {
  return ({ id, expiresAt, readonly, revoked, description }: RegistryToken): string[] => [
    id,
    expiresAt === undefined ? 'never' : duration(expiresAt - now()),
    revoked ? 'nothing' : readonly ? 'pull' : 'push',
    plain(description ?? ''),
  ];
}
