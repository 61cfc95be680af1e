import type { Context } from '../../context.ts';
import { HelperError, inOneLine } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';
import { type Role, roles } from '../../iam/policies.ts';
import { cancelPendingKey } from '../../identity/cancel-pending.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { newApiKeyValue, withRotateLock, writePendingKey } from '../../identity/pending-key.ts';
import { callerFor, callerOption } from '../caller.ts';
import type { Command } from '../command.ts';
import { type Delivery, type DeliveryArgs, deliveryFor } from './delivery.ts';
import { nameOf } from './keys.ts';
import {
  type Access,
  type PreparedServiceId,
  parseRegion,
  prepareServiceId,
  withState,
} from './service-id.ts';

interface CreateArgs extends DeliveryArgs {
  readonly description?: string;
  readonly role?: Role;
  readonly namespace?: string;
  readonly region?: string;
  readonly as?: string;
}

export const create: Command<CreateArgs> = {
  options: {
    description: { type: 'string', describe: 'the description of the key' },
    'service-id': {
      type: 'string',
      describe: 'create the key for this service ID; it is created if it does not exist',
    },
    role: {
      type: 'string',
      choices: roles,
      describe: 'grant the service ID this role: Reader can pull (default), Writer can push',
    },
    namespace: { type: 'string', describe: 'grant the role for this namespace only' },
    region: { type: 'string', describe: 'grant the role in this region only: us-south, eu-de, …' },
    save: { type: 'boolean', describe: 'save the key as an identity, used for HOST' },
    identity: { type: 'string', describe: 'the name of the identity (with --save)' },
    output: { type: 'string', describe: 'write the key to a new file, for login --api-key-file' },
    as: { type: 'string', describe: callerOption.describe },
  },
  examples: [
    ['api-key create laptop --output key.json', 'a key of your user, in a file'],
    [
      'api-key create --service-id ci --role Writer --namespace team-a --save us.icr.io',
      'a key of a service ID that can push, used for us.icr.io here',
    ],
    [
      'api-key create ci | ssh HOST docker-credential-icr login --api-key-stdin',
      'a key for another machine',
    ],
  ],
  run: async (context, args) => {
    const access = accessOf(args);
    const lookup = lookupIn(context);
    const delivery = deliveryFor(lookup, args);
    try {
      const caller = await callerFor(lookup, args.as);
      const serviceId = await serviceIdFor(context, caller, args, access);
      await createAndDeliver(context, caller, args, delivery, serviceId);
    } catch (error) {
      delivery.cancel();
      throw error;
    }
    return 0;
  },
};

function accessOf({ serviceId, role, namespace, region }: CreateArgs): Access {
  if (serviceId === undefined && (role ?? namespace ?? region) !== undefined) {
    throw new HelperError('invalid-input', '--role, --namespace and --region need a service ID', {
      hint: 'add --service-id NAME',
    });
  }
  return {
    role: role ?? 'Reader',
    namespace,
    region: region === undefined ? undefined : parseRegion(region),
  };
}

async function serviceIdFor(
  context: Context,
  caller: Caller,
  { serviceId }: CreateArgs,
  access: Access,
): Promise<PreparedServiceId | undefined> {
  return serviceId === undefined ? undefined : prepareServiceId(context, caller, serviceId, access);
}

/**
 * IAM returns the value of a new key only once. Therefore signals such as Ctrl-C are ignored until the key is delivered, or
 * deleted again.
 */
async function createAndDeliver(
  context: Context,
  caller: Caller,
  args: CreateArgs,
  delivery: Delivery,
  serviceId: PreparedServiceId | undefined,
): Promise<void> {
  const restoreSignals = context.onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {});
  const createKey: CreateKey = async (value, recordId) => {
    const created = await requestKey(context, caller, args, delivery.keyName, serviceId, value);
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
  caller: Caller,
  { description }: CreateArgs,
  name: string,
  serviceId: PreparedServiceId | undefined,
  value: string | undefined,
): Promise<MadeApiKey> {
  const { createApiKey } = await import('../../iam/api-key-changes.ts');
  const iamId = serviceId?.iamId ?? caller.iamId;
  const ownValue = value === undefined ? {} : { value };
  const key = { name, description, iamId, accountId: caller.account, ...ownValue };
  return createApiKey(context, caller, key).catch((error) => {
    const shown = withUnknownResult(error, serviceId);
    throw serviceId === undefined ? shown : withState(shown, serviceId);
  });
}

/** If the response of IAM is lost, the key may exist. */
function withUnknownResult(error: unknown, serviceId: PreparedServiceId | undefined): unknown {
  if (!(error instanceof HelperError) || error.code !== 'unreachable') return error;
  const list = `api-key list${serviceId === undefined ? '' : ` --service-id ${serviceId.id}`}`;
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
