import path from 'node:path';
import { staleLockOptions } from '../config/change-lock.ts';
import { requireConfigFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../files/lock.ts';
import { isObject, isText, parseObject } from '../json-object.ts';
import { changeSecrets, secretOf } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';
import type { SecretKey } from '../secrets/store-types.ts';

/**
 * An API key that a command creates for an identity. It is recorded before IAM creates it, so that the value is not lost if
 * the command is interrupted, and a later command can use the key or delete it.
 */
export interface PendingKey {
  readonly value: string;
  /** The ID of the key that it replaces and that is deleted last; undefined for a new identity. */
  readonly oldId?: string | undefined;
  /** The ID of the key itself, if IAM has returned it. */
  readonly newId?: string | undefined;
  /** `hashOf` the key that it replaces, by which copies of that key are recognized. */
  readonly oldHash?: string | undefined;
  /** The copies of the key outside of this program that the rotation replaces. */
  readonly copies?: Copies | undefined;
}

interface Copies {
  /** As for `--to`, with absolute paths. */
  readonly targets: readonly string[];
  /** If true, a copy may already contain the new key. */
  readonly isDelivering: boolean;
}

const suffix = ' (rotating)';
/** Stored instead of a missing `oldId`, because fields of a stored credential must not be empty. */
const noOldId = '(none)';

/** Returns the key of the record. It contains a space, which names of identities cannot. */
function keyOf(identity: string): SecretKey {
  return { of: 'identity', name: identity + suffix };
}

/** Returns the identity of a pending key by its name in the credential store; undefined for other secrets. */
export function identityOfPending(name: string): string | undefined {
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}

/** Returns all identities with a pending key, including removed ones. */
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
    ...parseDetails(kept.Username),
    ...(kept.ServerURL === identity ? {} : { newId: kept.ServerURL }),
  };
}

type Details = Pick<PendingKey, 'oldId' | 'oldHash' | 'copies'>;

/** Returns the user name of the record: the ID of the old key, or JSON if more is known. */
function formatDetails({ oldId, oldHash, copies }: Details): string {
  if (oldHash === undefined && copies === undefined) return oldId ?? noOldId;
  return JSON.stringify({ oldId, oldHash, copies });
}

function parseDetails(text: string): Details {
  const details = parseObject(text);
  if (details === undefined) return text === noOldId ? {} : { oldId: text };
  const copies = isObject(details.copies) ? details.copies : undefined;
  const targets = Array.isArray(copies?.targets) ? copies.targets.filter(isText) : [];
  const isDelivering = copies?.isDelivering === true;
  return {
    ...definedText('oldId', details.oldId),
    ...definedText('oldHash', details.oldHash),
    ...(copies === undefined ? {} : { copies: { targets, isDelivering } }),
  };
}

function definedText<Key extends string>(key: Key, value: unknown) {
  return isText(value) ? ({ [key]: value } as Record<Key, string>) : {};
}

/**
 * Records a pending key. Throws `storage` if another command has changed the identity's secret, which must be `stored`
 * (undefined: none), or has recorded another pending key.
 */
export async function writePendingKey(
  context: Context,
  identity: string,
  { value, newId = identity, ...details }: PendingKey,
  stored: string | undefined,
): Promise<void> {
  await changeSecrets(context, async (store, lock) => {
    if (secretOf(store, { of: 'identity', name: identity }) !== stored) throw changed(identity);
    const recorded = secretOf(store, keyOf(identity));
    if (recorded !== undefined && recorded !== value) throw changed(identity);
    await lock.step();
    const credential = { ServerURL: newId, Username: formatDetails(details), Secret: value };
    store.write(keyOf(identity), credential, lock.assertLockHeld);
  });
}

/**
 * Erases the record of the key with that value; a record with another value stays. Checks `condition` under the lock, and
 * returns false without erasing if it is false.
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
    store.erase(keyOf(identity), lock.assertLockHeld);
    return true;
  });
}

/** The error if another command has changed or removed the identity's secret. */
export function changed(identity: string): HelperError {
  return new HelperError(
    'storage',
    `another command changed identity ${identity} at the same time`,
    { hint: 'run docker-credential-icr status, then run the command again' },
  );
}

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
