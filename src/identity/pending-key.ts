import { randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { changeSecrets, secretOf } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';
import type { SecretKey } from '../secrets/store-types.ts';

/**
 * The API key that a command makes for an identity, recorded before IAM is asked to make it: whatever interrupts the
 * command, the value is not lost, and a later command can use the key or delete it in IAM.
 */
export interface PendingKey {
  readonly value: string;
  /** The ID of the key that it replaces, which is deleted at the end; `undefined` for a new identity. */
  readonly oldId?: string | undefined;
  /** The ID of the key itself, once IAM has told it. */
  readonly newId?: string | undefined;
}

/** A value as IAM's own generator makes it: 44 characters of `[A-Za-z0-9_-]`. */
export function newApiKeyValue(): string {
  return randomBytes(33).toString('base64url');
}

const suffix = ' (rotating)';
/** In place of `oldId`: a stored credential has no empty member. */
const noOldId = '(none)';

/** Beside the identity's own secret; no identity has a name with a space. */
function keyOf(identity: string): SecretKey {
  return { of: 'identity', name: identity + suffix };
}

/** The identity whose pending key has that name in the credential store; `undefined` for another secret. */
export function identityOfPending(name: string): string | undefined {
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}

/** The identities that have a pending key, whether they still exist or not. */
export function pendingIdentities(context: Context): string[] {
  return secretStore(context)
    .names('identity')
    .flatMap((name) => identityOfPending(name) ?? []);
}

/** Throws `damaged` or `storage`. */
export function readPendingKey(context: Context, identity: string): PendingKey | undefined {
  const kept = secretStore(context).read(keyOf(identity));
  if (kept === undefined) return undefined;
  return {
    value: kept.Secret,
    ...(kept.Username === noOldId ? {} : { oldId: kept.Username }),
    ...(kept.ServerURL === identity ? {} : { newId: kept.ServerURL }),
  };
}

/**
 * Records a pending key if the identity's secret is still `stored` (`undefined`: it has none), and no other key is
 * pending. Throws `storage` if another command has changed that.
 */
export async function writePendingKey(
  context: Context,
  identity: string,
  { value, oldId = noOldId, newId = identity }: PendingKey,
  stored: string | undefined,
): Promise<void> {
  await changeSecrets(context, async (store, lock) => {
    if (secretOf(store, { of: 'identity', name: identity }) !== stored) throw changed(identity);
    const recorded = secretOf(store, keyOf(identity));
    if (recorded !== undefined && recorded !== value) throw changed(identity);
    await lock.step();
    const credential = { ServerURL: newId, Username: oldId, Secret: value };
    store.write(keyOf(identity), credential, lock.requireOurs);
  });
}

/**
 * Erases the record of the key with that value; another command's record stays. With `condition`, which is asked under
 * the lock, only if it is true; returns whether it was.
 */
export function erasePendingKey(
  context: Context,
  identity: string,
  value: string,
  condition: () => boolean = () => true,
): Promise<boolean> {
  return changeSecrets(context, async (store, lock) => {
    if (!condition()) return false;
    if (store.read(keyOf(identity))?.Secret !== value) return true;
    await lock.step();
    store.erase(keyOf(identity), lock.requireOurs);
    return true;
  });
}

/** Another command has given the identity another secret, or removed it. */
export function changed(identity: string): HelperError {
  return new HelperError(
    'storage',
    `another command changed identity ${identity} at the same time`,
    { hint: 'check it with docker-credential-icr status, then run the command again' },
  );
}
