import { accessTokenOf } from '../identity/access.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import type { Command } from './command.ts';
import { noCredential, requireIbmHost } from './hosts.ts';

interface TokenArgs {
  readonly host: string;
  readonly identity?: string;
  readonly refresh?: boolean;
}

export const token: Command<TokenArgs> = {
  usage: 'token [host]',
  describe: 'print an access token of the identity that answers for the host',
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
    const found =
      identity === undefined
        ? await findCredential(lookup, requireIbmHost(host))
        : await identityNamed(lookup, identity);
    if (found === undefined) throw noCredential(host);
    context.stdout(`${await accessTokenOf(lookup, found, refresh)}\n`);
    return 0;
  },
};
