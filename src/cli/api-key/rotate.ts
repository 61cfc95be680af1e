import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { leakActions } from '../../iam/api-keys.ts';
import { findCredential } from '../../identity/find.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { withRotateLock } from '../../identity/pending-key.ts';
import type { Command } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';
import { expiryIn } from './expires-in.ts';

interface RotateArgs {
  readonly identity?: string;
  readonly as?: string;
  readonly expiresIn?: string;
  readonly actionWhenLeaked?: string;
  readonly unlock?: boolean;
  readonly leaked?: boolean;
  readonly to?: readonly string[];
  readonly skip?: readonly string[];
}

export const rotate: Command<RotateArgs> = {
  options: {
    to: {
      type: 'string',
      array: true,
      describe:
        'also replace the copy of the key at kubernetes://NAMESPACE/SECRET[/KEY] or file:PATH, or pass the new key to command:PROGRAM',
    },
    skip: {
      type: 'string',
      array: true,
      describe: 'leave out this copy, a --to of the interrupted rotation',
    },
    'expires-in': {
      type: 'string',
      describe:
        'the new key expires after this time: 12h, 90d, 4w, 1y (default: the expiry of the old key)',
    },
    'action-when-leaked': {
      type: 'string',
      choices: leakActions,
      describe:
        'what IBM does if it finds the new key in public; by default the same as for the old key',
    },
    leaked: {
      type: 'boolean',
      describe: 'disable the old key as soon as this machine and the copies use the new one',
    },
    unlock: {
      type: 'boolean',
      describe: 'rotate a locked key: lock the new key, unlock and delete the old one',
    },
    as: {
      type: 'string',
      describe: 'call IAM as this identity (default: the identity whose key is rotated)',
    },
  },
  examples: [
    ['api-key rotate', 'the API key of the identity of icr.io'],
    ['api-key rotate ci --expires-in 90d', 'the new key expires after 90 days'],
    [
      'api-key rotate ci --to kubernetes://build/icr --to file:/srv/app/.env',
      'also replace the copies in a Secret and in a file',
    ],
    ['api-key rotate ci --as admin', 'if service ID ci may not create its own keys'],
  ],
  run: async (context, { identity, expiresIn, ...options }) => {
    const expiresAt = expiryIn(expiresIn, context.now());
    const name = identity ?? (await identityOfGlobalHost(context));
    const { rotateKey } = await import('./rotation.ts');
    await withRotateLock(context, (assertLockHeld) =>
      rotateKey(context, name, { ...options, expiresAt }, assertLockHeld),
    );
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
