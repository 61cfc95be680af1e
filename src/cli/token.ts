import { logAccess } from '../access-log/log-access.ts';
import { accessTokenOf } from '../identity/access.ts';
import { lookupIn } from '../identity/lookup.ts';
import { requireFound } from './caller.ts';
import type { Command } from './command.ts';
import { requireIbmHost } from './host-arguments.ts';

interface TokenArgs {
  readonly host: string;
  readonly identity?: string;
  readonly refresh?: boolean;
}

export const token: Command<TokenArgs> = {
  options: {
    identity: { type: 'string', describe: 'use this identity instead of the one of HOST' },
    refresh: { type: 'boolean', describe: 'request a new token instead of using a cached one' },
  },
  examples: [
    ['token', 'a token of the identity of icr.io'],
    ['token --identity ci --refresh', 'a new token of identity ci'],
  ],
  run: async (context, { host = 'icr.io', identity, refresh = false }) => {
    const lookup = lookupIn(context);
    const found = await requireFound(lookup, identity, host);
    const secret = await accessTokenOf(lookup, found, refresh);
    const credential = { ...found, username: 'iambearer' };
    await logAccess(context, lookup.settings(), {
      command: 'token',
      host: identity === undefined ? requireIbmHost(host).name : '-',
      credential,
      secret,
    });
    context.stdout(`${secret}\n`);
    return 0;
  },
};
