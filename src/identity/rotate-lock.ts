import path from 'node:path';
import { staleLockOptions } from '../config/change-lock.ts';
import { requireConfigFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../files/lock.ts';

/** How long to wait for another rotation. */
const timeoutMs = 30_000;

/**
 * Runs `action` while no other command creates or deletes a pending API key. `assertLockHeld` throws `storage` if another
 * command has taken over the lock because this process was suspended.
 */
export function withRotateLock<T>(
  context: Context,
  action: (assertLockHeld: () => void) => Promise<T>,
): Promise<T> {
  const lock = path.join(requireConfigFolder(context), 'rotate.lock');
  const run = (_leave: unknown, isHeld: () => boolean) =>
    action(() => {
      if (!isHeld()) throw overtaken();
    });
  const options = { timeoutMs, onTimeout: 'fail', ...staleLockOptions(context) } as const;
  return withLock(context, lock, run, options);
}

function overtaken(): HelperError {
  return new HelperError('storage', 'another command has taken over the rotation of API keys', {
    hint: 'run docker-credential-icr status, then docker-credential-icr api-key rotate if needed',
  });
}
