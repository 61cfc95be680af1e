import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import { createApiKey, deleteApiKey } from '../../iam/api-key-changes.ts';
import { type ApiKeyDetails, findApiKeyByValue, getApiKey } from '../../iam/api-keys.ts';
import { cancelPendingKey, isInUse } from '../../identity/cancel-pending.ts';
import {
  erasePendingKey,
  newApiKeyValue,
  type PendingKey,
  readPendingKey,
  writePendingKey,
} from '../../identity/pending-key.ts';
import { visible } from '../../visible.ts';
import { printLine } from '../output.ts';
import { nameOf } from './keys.ts';

/** A running rotation of an identity's API key. */
export interface Rotation {
  readonly caller: Caller;
  readonly identity: string;
  /** The value of the current API key. */
  readonly stored: string;
  /** Throws if another command has taken over the rotation. */
  readonly assertLockHeld: () => void;
}

/**
 * Creates the replacement of the stored key, with the same owner, name, description and lifetime, and records it as
 * pending. If an interrupted rotation has created one already, returns that. Throws IAM's errors, and `storage`.
 */
export async function createReplacement(context: Context, rotation: Rotation): Promise<PendingKey> {
  const { caller, identity, stored, assertLockHeld } = rotation;
  const old = await findApiKeyByValue(context, caller, stored);
  const resumed = await resumablePending(context, rotation, old);
  const existing = resumed && (await findApiKeyByValue(context, caller, resumed.value));
  if (resumed !== undefined && existing !== undefined) {
    printLine(context, `continuing with ${nameOf(existing)}, created by an interrupted rotation`);
    return resumed;
  }
  const model = old ?? (resumed?.oldId && (await getApiKey(context, caller, resumed.oldId)));
  if (!model) {
    throw new HelperError('refused', `IAM does not find the API key of identity ${identity}`, {
      hint: `run docker-credential-icr login --identity ${identity}`,
    });
  }
  if (model.locked) throw refusedAsLocked(identity, model);
  const pending = resumed ?? { value: newApiKeyValue(), oldId: model.id };
  assertLockHeld();
  await writePendingKey(context, identity, pending, stored);
  assertLockHeld();
  return requestPending(context, rotation, pending, model);
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
  { caller, identity, stored, assertLockHeld }: Rotation,
  pending: PendingKey,
  { name, description, iamId, accountId, ...times }: ApiKeyDetails,
): Promise<PendingKey> {
  const { details, value } = await createApiKey(context, caller, {
    name,
    description,
    iamId: iamId ?? caller.iamId,
    accountId: accountId ?? caller.account,
    value: pending.value,
    expiresAt: expiryWithSameLifetime(times, context.now()),
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
  await recordId(context, { caller, identity, stored, assertLockHeld }, created);
  printLine(context, `created ${nameOf(details)}`);
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

function expiryWithSameLifetime(
  { createdAt, expiresAt }: Pick<ApiKeyDetails, 'createdAt' | 'expiresAt'>,
  now: number,
): number | undefined {
  return createdAt === undefined || expiresAt === undefined
    ? undefined
    : now + expiresAt - createdAt;
}

function refusedAsLocked(identity: string, key: ApiKeyDetails): HelperError {
  const unlock = `docker-credential-icr api-key unlock ${key.id}`;
  const again = `docker-credential-icr api-key rotate ${identity}`;
  return new HelperError('refused', `${nameOf(key)} is locked and cannot be deleted`, {
    hint: `run ${unlock}, then ${again}`,
  });
}
