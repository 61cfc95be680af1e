import type { Context } from '../../context.ts';
import { HelperError, inOneLine } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { MadeApiKey, NewApiKey } from '../../iam/api-key-changes.ts';
import { newApiKeyValue } from '../../identity/api-key-value.ts';
import { cancelPendingKey } from '../../identity/cancel-pending.ts';
import { withRotateLock, writePendingKey } from '../../identity/pending-key.ts';
import { shellQuoted } from '../../visible.ts';
import type { Delivery } from './delivery.ts';
import { nameOf } from './keys.ts';
import { type PreparedServiceId, withState } from './service-id.ts';

interface Creation {
  readonly caller: Caller;
  readonly properties: Pick<NewApiKey, 'description' | 'expiresAt' | 'actionWhenLeaked'>;
  readonly delivery: Delivery;
  /** The owner of the key; undefined if that is the caller. */
  readonly serviceId: PreparedServiceId | undefined;
}

/**
 * IAM returns the value of a new key only once. Therefore signals such as Ctrl-C are ignored until the key is delivered, or
 * deleted again.
 */
export async function createAndDeliver(context: Context, creation: Creation): Promise<void> {
  const { caller, delivery } = creation;
  const restoreSignals = context.onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {});
  const createKey: CreateKey = async (value, recordId) => {
    const created = await requestKey(context, creation, value);
    context.warn(`created ${nameOf(created.details)}`);
    await recordId?.(created.details.id);
    await delivery.deliver(created).catch((error) => undo(context, caller, created, error));
  };
  try {
    const { identity } = delivery;
    if (identity === undefined) await createKey();
    else await withPendingKey(context, caller, identity, createKey);
  } finally {
    restoreSignals();
  }
}

/** Creates and delivers a key. Without `value`, IAM generates it. Calls `recordId` before the delivery. */
type CreateKey = (value?: string, recordId?: (id: string) => Promise<void>) => Promise<void>;

/**
 * Creates a key that is saved on this machine. Its value is recorded before the request, as in a rotation, so that an
 * interrupted command leaves no unknown key in IAM.
 */
function withPendingKey(
  context: Context,
  caller: Caller,
  identity: string,
  createKey: CreateKey,
): Promise<void> {
  return withRotateLock(context, async (assertLockHeld) => {
    const cancel = () => cancelPendingKey(context, identity, [async () => caller], assertLockHeld);
    const deleted = await cancel();
    if (deleted !== undefined) {
      context.warn(`deleted API key ${deleted}, created by an interrupted command`);
    }
    const value = newApiKeyValue();
    const record = (newId?: string) =>
      writePendingKey(context, identity, { value, newId }, undefined);
    await record();
    try {
      await createKey(value, record);
    } catch (error) {
      await cancel().catch((problem) => {
        if (!(problem instanceof HelperError)) throw problem;
        context.warn(inOneLine(problem));
      });
      throw error;
    }
    // If a parallel login has replaced the saved key, the new key is unused and is deleted in IAM.
    await cancel();
  });
}

async function requestKey(
  context: Context,
  { caller, properties, delivery, serviceId }: Creation,
  value: string | undefined,
): Promise<MadeApiKey> {
  const { createApiKey } = await import('../../iam/api-key-changes.ts');
  const iamId = serviceId?.iamId ?? caller.iamId;
  const ownValue = value === undefined ? {} : { value };
  const names = { name: delivery.keyName, iamId, accountId: caller.account };
  const key = { ...names, ...properties, ...ownValue };
  return createApiKey(context, caller, key).catch((error) => {
    const shown = withUnknownResult(error, serviceId);
    throw serviceId === undefined ? shown : withState(shown, serviceId);
  });
}

/** If the response of IAM is lost, the key may exist. */
function withUnknownResult(error: unknown, serviceId: PreparedServiceId | undefined): unknown {
  if (!(error instanceof HelperError) || error.code !== 'unreachable') return error;
  const list = `api-key list${serviceId === undefined ? '' : ` --service-id ${shellQuoted(serviceId.id)}`}`;
  return new HelperError(error.code, `${error.message}, but the key may have been created`, {
    hint: `run docker-credential-icr ${list}`,
    cause: error.cause,
  });
}

/** Deletes a key that could not be delivered. Throws `reason`. */
async function undo(
  context: Context,
  caller: Caller,
  { details }: MadeApiKey,
  reason: unknown,
): Promise<never> {
  const { deleteApiKey } = await import('../../iam/api-key-changes.ts');
  await deleteApiKey(context, caller, details.id);
  context.warn(`deleted ${nameOf(details)} again, because it could not be saved`);
  throw reason;
}
