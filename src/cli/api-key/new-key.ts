import type { Context } from '../../context.ts';
import { HelperError, invalidInput } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import { createApiKey, deleteApiKey } from '../../iam/api-key-changes.ts';
import {
  type ApiKeyDetails,
  findApiKeyByValue,
  getApiKey,
  isRetrievable,
} from '../../iam/api-keys.ts';
import { hashOf, newApiKeyValue } from '../../identity/api-key-value.ts';
import { cancelPendingKey, isInUse } from '../../identity/cancel-pending.ts';
import { dateOf, warnBeforeMs } from '../../identity/expiry.ts';
import { loginCommand, rotateCommand } from '../../identity/login-command.ts';
import {
  erasePendingKey,
  type PendingKey,
  readPendingKey,
  writePendingKey,
} from '../../identity/pending-key.ts';
import { visible } from '../../visible.ts';
import { printLine } from '../output.ts';
import type { Copy, CopyCommand } from './copies/copy.ts';
import { nameOf } from './keys.ts';

export interface RotationOptions {
  /** The identity that calls IAM; the rotated one by default. */
  readonly as?: string;
  /** The expiry of the new key, in milliseconds since 1970; by default that of the old key. */
  readonly expiresAt: number | undefined;
  /** One of `leakActions`; by default that of the old key. */
  readonly actionWhenLeaked?: string;
  /** Unlocks a locked old key and locks the new one. */
  readonly unlock?: boolean;
  /** Disables the old key as soon as the new one is stored. */
  readonly leaked?: boolean;
  /** The copies of the key to replace. */
  readonly to?: readonly string[];
  /** The copies of an interrupted rotation that are not replaced. */
  readonly skip?: readonly string[];
}

/** A running rotation of an identity's API key. */
export interface Rotation {
  readonly caller: Caller;
  readonly identity: string;
  /** The value of the current API key. */
  readonly stored: string;
  readonly options: RotationOptions;
  readonly copies: readonly (Copy | CopyCommand)[];
  /** Throws if another command has taken over the rotation. */
  readonly assertLockHeld: () => void;
}

/**
 * Creates the replacement of the stored key, with the same owner and properties, and records it as pending. If an interrupted rotation has created one already, returns that. Throws IAM's errors, and `storage`.
 */
export async function createReplacement(context: Context, rotation: Rotation): Promise<PendingKey> {
  const { caller, identity, stored, options, assertLockHeld } = rotation;
  const old = await findApiKeyByValue(context, caller, stored);
  const resumed = await resumablePending(context, rotation, old);
  const existing = resumed && (await findApiKeyByValue(context, caller, resumed.value));
  if (resumed !== undefined && existing !== undefined) {
    printLine(context, `continuing with ${nameOf(existing)}, created by an interrupted rotation`);
    const updated = { ...resumed, copies: copiesOf(rotation, resumed) };
    await writePendingKey(context, identity, updated, stored);
    return updated;
  }
  const model = old ?? (resumed?.oldId && (await getApiKey(context, caller, resumed.oldId)));
  if (!model) {
    throw new HelperError('refused', `IAM does not find the API key of identity ${identity}`, {
      hint: `run ${loginCommand(identity, { kind: 'api-key' })}`,
    });
  }
  if (model.locked && !options.unlock) throw refusedAsLocked(identity, model);
  requireFutureExpiry(context, options, model);
  const next = resumed ?? { value: newApiKeyValue(), oldId: model.id, oldHash: hashOf(stored) };
  const pending = { ...next, copies: copiesOf(rotation, next) };
  assertLockHeld();
  await writePendingKey(context, identity, pending, stored);
  assertLockHeld();
  return requestPending(context, rotation, pending, model);
}

/** Returns the copies for the record of the pending key; undefined without copies. */
function copiesOf({ copies }: Rotation, { copies: recorded }: PendingKey): PendingKey['copies'] {
  const isDelivering = recorded?.isDelivering ?? false;
  if (copies.length === 0 && !isDelivering) return undefined;
  return { targets: copies.map(({ target }) => target), isDelivering };
}

/** Returns the pending key of an interrupted rotation; deletes it if the identity's key was replaced since. */
async function resumablePending(
  context: Context,
  { caller, identity, assertLockHeld }: Rotation,
  old: ApiKeyDetails | undefined,
): Promise<PendingKey | undefined> {
  const pending = readPendingKey(context, identity);
  if (pending === undefined || old === undefined || old.id === pending.oldId) return pending;
  const id = await cancelPendingKey(context, identity, [async () => caller], assertLockHeld);
  if (id !== undefined) {
    printLine(context, `deleted API key ${visible(id)}, created by an interrupted rotation`);
  }
  return undefined;
}

async function requestPending(
  context: Context,
  rotation: Rotation,
  pending: PendingKey,
  model: ApiKeyDetails,
): Promise<PendingKey> {
  const { name, description, iamId, accountId, supportSessions, ...old } = model;
  const { caller, identity, options, assertLockHeld } = rotation;
  const { details, value } = await createApiKey(context, caller, {
    name,
    description,
    iamId: iamId ?? caller.iamId,
    accountId: accountId ?? caller.account,
    value: pending.value,
    expiresAt: options.expiresAt ?? old.expiresAt,
    actionWhenLeaked: options.actionWhenLeaked ?? old.actionWhenLeaked,
    supportSessions,
    isRetrievable: await isRetrievable(context, caller, model),
  }).catch(async (error) => {
    if (!(error instanceof HelperError) || error.code !== 'refused') throw error;
    // IAM refuses a second key with the same value. IAM may have completed the request of an interrupted run just now.
    const existing = await findApiKeyByValue(context, caller, pending.value);
    if (existing !== undefined) return { details: existing, value: pending.value };
    assertLockHeld();
    await erasePendingKey(context, identity, pending.value);
    throw error;
  });
  const created = { ...pending, value, newId: details.id };
  await recordId(context, rotation, created);
  printLine(context, `created ${nameOf(details)}`);
  reportExpiry(context, rotation, details);
  return created;
}

/**
 * Adds the ID of the created key to the pending record. If another command has removed the record in the meantime, the
 * key is deleted in IAM.
 */
async function recordId(
  context: Context,
  { caller, identity, stored, assertLockHeld }: Rotation,
  created: PendingKey,
): Promise<void> {
  try {
    assertLockHeld();
    await writePendingKey(context, identity, created, stored);
  } catch (error) {
    const isRecorded = readPendingKey(context, identity)?.value === created.value;
    if (!isRecorded && !isInUse(context, created.value)) {
      await deleteApiKey(context, caller, created.newId ?? '');
    }
    throw error;
  }
}

/** Throws `invalid-input` if the new key would already be expired, like the old one. */
function requireFutureExpiry(
  { now }: Context,
  { expiresAt }: RotationOptions,
  old: ApiKeyDetails,
): void {
  if (expiresAt !== undefined || old.expiresAt === undefined || old.expiresAt > now()) return;
  throw invalidInput(
    `${nameOf(old)} expired on ${dateOf(old.expiresAt)}, and the new key would expire with it`,
    'add --expires-in, for example --expires-in 90d',
  );
}

function reportExpiry(
  context: Context,
  { identity, options }: Rotation,
  { expiresAt }: ApiKeyDetails,
): void {
  if (expiresAt === undefined) return;
  const isRenewed = options.expiresAt !== undefined;
  const line = `the new key expires on ${dateOf(expiresAt)}${isRenewed ? '' : ', with the old one'}`;
  const isSoon = !isRenewed && expiresAt - context.now() < warnBeforeMs;
  if (isSoon) context.warn(line, `run ${rotateCommand(identity)} --expires-in 90d`);
  else printLine(context, line);
}

function refusedAsLocked(identity: string, key: ApiKeyDetails): HelperError {
  return new HelperError('refused', `${nameOf(key)} is locked and cannot be deleted`, {
    hint: `run ${rotateCommand(identity)} --unlock, which locks the new key`,
  });
}
