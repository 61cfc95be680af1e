import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { findCredential } from '../../identity/find.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { withRotateLock } from '../../identity/pending-key.ts';
import type { Command } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';

interface RotateArgs {
  readonly identity?: string;
  readonly as?: string;
}

export const rotate: Command<RotateArgs> = {
  options: {
    as: { type: 'string', describe: 'call IAM as this identity (default: the rotated one)' },
  },
  examples: [
    ['api-key rotate', 'the API key of the identity of icr.io'],
    ['api-key rotate ci --as admin', 'if service ID ci may not create its own keys'],
  ],
  run: async (context, { identity, as }) => {
    const name = identity ?? (await identityOfGlobalHost(context));
    const { rotateKey } = await import('./rotation.ts');
    await withRotateLock(context, (assertLockHeld) => rotateKey(context, name, as, assertLockHeld));
    return 0;
  },
};

/** Throws `invalid-input` if `icr.io` uses no identity. */
async function identityOfGlobalHost(context: Context): Promise<string> {
  const found = await findCredential(lookupIn(context), requireIbmHost('icr.io'));
  if (found?.identity !== undefined) return found.identity;
  throw new HelperError('invalid-input', 'icr.io uses no identity', {
    hint: 'run docker-credential-icr api-key rotate IDENTITY',
  });
}
