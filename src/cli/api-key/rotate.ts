import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { findCredential } from '../../identity/find.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { withRotateLock } from '../../identity/rotate-lock.ts';
import type { Command } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';

interface RotateArgs {
  readonly identity?: string;
  readonly as?: string;
}

export const rotate: Command<RotateArgs> = {
  options: {
    as: { type: 'string', describe: 'act as this identity; otherwise as the one that is rotated' },
  },
  examples: [
    ['api-key rotate', 'of the identity that answers for icr.io'],
    ['api-key rotate ci --as admin', 'where service ID ci may not make its own keys'],
  ],
  run: async (context, { identity, as }) => {
    const name = identity ?? (await answering(context));
    const { rotateKey } = await import('./rotation.ts');
    await withRotateLock(context, (requireOurs) => rotateKey(context, name, as, requireOurs));
    return 0;
  },
};

/** The identity that answers for every host there is no other for. */
async function answering(context: Context): Promise<string> {
  const found = await findCredential(lookupIn(context), requireIbmHost('icr.io'));
  if (found?.identity !== undefined) return found.identity;
  throw new HelperError('invalid-input', 'icr.io uses no identity', {
    hint: 'run docker-credential-icr api-key rotate IDENTITY',
  });
}
