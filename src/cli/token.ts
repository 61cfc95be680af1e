import { accessTokenOf } from '../identity/access.ts';
import { lookupIn } from '../identity/lookup.ts';
import { requireFound } from './caller.ts';
import type { Command } from './command.ts';

interface TokenArgs {
  readonly host: string;
  readonly identity?: string;
  readonly refresh?: boolean;
}

export const token: Command<TokenArgs> = {
  options: {
    identity: { type: 'string', describe: 'of this identity instead' },
    refresh: { type: 'boolean', describe: 'ask IAM for a new one' },
  },
  examples: [
    ['token', 'of the identity that answers for icr.io'],
    ['token --identity ci --refresh', 'a new one of identity ci'],
  ],
  run: async (context, { host = 'icr.io', identity, refresh = false }) => {
    const lookup = lookupIn(context);
    const found = await requireFound(lookup, identity, host);
    context.stdout(`${await accessTokenOf(lookup, found, refresh)}\n`);
    return 0;
  },
};
