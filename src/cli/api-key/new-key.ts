import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../iam/api-call.ts';
import type { ApiKeyDetails } from '../../iam/api-key.ts';
import { createApiKey, deleteApiKey } from '../../iam/api-key-changes.ts';
import { findApiKeyByValue, getApiKey } from '../../iam/api-keys.ts';
import { cancelPendingKey, isInUse } from '../../identity/cancel-pending.ts';
import {
  erasePendingKey,
  newApiKeyValue,
  type PendingKey,
  readPendingKey,
  writePendingKey,
} from '../../identity/pending-key.ts';
import { visible } from '../../visible.ts';
import { nameOf } from './keys.ts';

/** The identity whose key is rotated. */
export interface Rotated {
  readonly caller: Caller;
  readonly identity: string;
  /** The API key that it has. */
  readonly stored: string;
  /** Throws if another command has taken over the rotation. */
  readonly requireOurs: () => void;
}

/**
 * Makes the key that is to replace the stored one, with the same owner, name, description and length of life; or
 * finds the one that an interrupted run made. It is pending then. Throws what IAM says, and `storage`.
 */
export async function makeNewKey(context: Context, rotated: Rotated): Promise<PendingKey> {
  const { caller, identity, stored, requireOurs } = rotated;
  const old = await findApiKeyByValue(context, caller, stored);
  const begun = await begunWith(context, rotated, old);
  const existing = begun && (await findApiKeyByValue(context, caller, begun.value));
  if (begun !== undefined && existing !== undefined) {
    context.stdout(`going on with ${nameOf(existing)}, which the last rotation made\n`);
    return begun;
  }
  const model = old ?? (begun?.oldId && (await getApiKey(context, caller, begun.oldId)));
  if (!model) throw new HelperError('refused', `IAM has no API key of identity ${identity}`);
  if (model.locked) throw refusedAsLocked(identity, model);
  const pending = begun ?? { value: newApiKeyValue(), oldId: model.id };
  requireOurs();
  await writePendingKey(context, identity, pending, stored);
  requireOurs();
  return make(context, rotated, pending, model);
}

/** What an interrupted run left, unless somebody gave the identity another key since. */
async function begunWith(
  context: Context,
  { caller, identity, requireOurs }: Rotated,
  old: ApiKeyDetails | undefined,
): Promise<PendingKey | undefined> {
  const begun = readPendingKey(context, identity);
  if (begun === undefined || old === undefined || old.id === begun.oldId) return begun;
  const id = await cancelPendingKey(context, identity, [async () => caller], requireOurs);
  if (id !== undefined) {
    context.stdout(`API key ${visible(id)}, which an interrupted rotation left, is deleted\n`);
  }
  return undefined;
}

async function make(
  context: Context,
  { caller, identity, stored, requireOurs }: Rotated,
  pending: PendingKey,
  { name, description, iamId, accountId, ...times }: ApiKeyDetails,
): Promise<PendingKey> {
  const { details, value } = await createApiKey(context, caller, {
    name,
    description,
    iamId: iamId ?? caller.iamId,
    accountId: accountId ?? caller.account,
    value: pending.value,
    expiresAt: sameLife(times, context.now()),
  }).catch(async (error) => {
    if (!(error instanceof HelperError) || error.code !== 'refused') throw error;
    // Values of keys are unique in IAM: the request of an interrupted run may have been completed just now.
    const existing = await findApiKeyByValue(context, caller, pending.value);
    if (existing !== undefined) return { details: existing, value: pending.value };
    requireOurs();
    await erasePendingKey(context, identity, pending.value);
    throw error;
  });
  const made = { ...pending, value, newId: details.id };
  await record(context, { caller, identity, stored, requireOurs }, made);
  context.stdout(`made ${nameOf(details)}\n`);
  return made;
}

/** Adds the ID to the record. A key without a record, since another command has ended the rotation, is deleted. */
async function record(context: Context, rotated: Rotated, made: PendingKey): Promise<void> {
  const { caller, identity, stored, requireOurs } = rotated;
  try {
    requireOurs();
    await writePendingKey(context, identity, made, stored);
  } catch (error) {
    const isRecorded = readPendingKey(context, identity)?.value === made.value;
    if (!isRecorded && !isInUse(context, made.value)) {
      await deleteApiKey(context, caller, made.newId ?? '');
    }
    throw error;
  }
}

function sameLife(
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
