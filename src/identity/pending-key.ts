import type { Context } from '../context.ts';
import { secretStore } from '../secrets/secret-store.ts';
import type { SecretKey } from '../secrets/store.ts';

/**
 * The API key that is about to replace an identity's, kept before IAM is asked to make it: whatever interrupts the
 * rotation, the value is not lost and the next one can go on.
 */
export interface PendingKey {
  readonly value: string;
  /** The ID of the key it replaces, which is deleted at the end. */
  readonly oldId: string;
}

/** Beside the identity's own secret; no identity has a name with a space. */
function keyOf(identity: string): SecretKey {
  return { of: 'identity', name: `${identity} (rotating)` };
}

/** Throws `damaged` or `storage`. */
export function readPendingKey(context: Context, identity: string): PendingKey | undefined {
  const kept = secretStore(context).read(keyOf(identity));
  return kept && { value: kept.Secret, oldId: kept.Username };
}

/** Throws `storage`. */
export function writePendingKey(context: Context, identity: string, pending: PendingKey): void {
  secretStore(context).write(keyOf(identity), {
    ServerURL: identity,
    Username: pending.oldId,
    Secret: pending.value,
  });
}

export function erasePendingKey(context: Context, identity: string): void {
  secretStore(context).erase(keyOf(identity));
}
