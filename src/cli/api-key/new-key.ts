import { randomBytes } from 'node:crypto';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../iam/api-call.ts';
import type { ApiKeyDetails } from '../../iam/api-key.ts';
import { createApiKey, deleteApiKey } from '../../iam/api-key-changes.ts';
import { findApiKeyByValue, getApiKey } from '../../iam/api-keys.ts';
import {
  erasePendingKey,
  type PendingKey,
  readPendingKey,
  writePendingKey,
} from '../../identity/pending-key.ts';
import { nameOf } from './keys.ts';

/**
 * Makes the key that is to replace the `stored` one, with the same owner, name, description and length of life; or
 * finds the one that an interrupted run made. It is pending then. Throws what IAM says, and `storage`.
 */
export async function makeNewKey(
  context: Context,
  caller: Caller,
  identity: string,
  stored: string,
): Promise<PendingKey> {
  const old = await findApiKeyByValue(context, caller, stored);
  const begun = await begunWith(context, caller, identity, old);
  const existing = begun && (await findApiKeyByValue(context, caller, begun.value));
  if (begun !== undefined && existing !== undefined) {
    context.stdout(`going on with ${nameOf(existing)}, which the last rotation made\n`);
    return begun;
  }
  const model = old ?? (begun && (await getApiKey(context, caller, begun.oldId)));
  if (model === undefined) throw refused(`IAM knows no API key of identity ${identity}`);
  if (model.locked) throw refusedAsLocked(identity, model);
  const pending = begun ?? { value: newValue(), oldId: model.id };
  writePendingKey(context, identity, pending);
  return make(context, caller, identity, pending, model);
}

/** What an interrupted run left, unless somebody gave the identity another key since. */
async function begunWith(
  context: Context,
  caller: Caller,
  identity: string,
  old: ApiKeyDetails | undefined,
): Promise<PendingKey | undefined> {
  const begun = readPendingKey(context, identity);
  if (begun === undefined || old === undefined || old.id === begun.oldId) return begun;
  const made = await findApiKeyByValue(context, caller, begun.value);
  if (made !== undefined) {
    await deleteApiKey(context, caller, made.id);
    context.stdout(`${nameOf(made)}, which an interrupted rotation left, is deleted\n`);
  }
  erasePendingKey(context, identity);
  return undefined;
}

async function make(
  context: Context,
  caller: Caller,
  identity: string,
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
  }).catch((error) => {
    // Nothing was made, so nothing is left to go on with.
    if (error instanceof HelperError && error.code === 'refused') {
      erasePendingKey(context, identity);
    }
    throw error;
  });
  const made = { ...pending, value };
  if (value !== pending.value) writePendingKey(context, identity, made);
  context.stdout(`made ${nameOf(details)}\n`);
  return made;
}

/** What IAM's own generator makes: 44 characters of `[A-Za-z0-9_-]`. */
function newValue(): string {
  return randomBytes(33).toString('base64url');
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
  return refused(
    `${nameOf(key)} is locked, so it could not be deleted; run ${unlock}, then ${again}`,
  );
}

function refused(message: string): HelperError {
  return new HelperError('refused', message);
}
