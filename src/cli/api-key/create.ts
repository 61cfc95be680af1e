import type { Context } from '../../context.ts';
import { HelperError, inOneLine } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';
import { type Role, roles } from '../../iam/policies.ts';
import type { ServiceId } from '../../iam/service-ids.ts';
import { cancelPendingKey } from '../../identity/cancel-pending.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { newApiKeyValue, writePendingKey } from '../../identity/pending-key.ts';
import { withRotateLock } from '../../identity/rotate-lock.ts';
import { callerFor, callerOption } from '../caller.ts';
import type { Command } from '../command.ts';
import { type Delivery, type DeliveryArgs, deliveryFor } from './delivery.ts';
import { nameOf } from './keys.ts';
import { parseRegion, prepareServiceId, type WantedAccess, withState } from './service-id.ts';

interface CreateArgs extends DeliveryArgs {
  readonly description?: string;
  readonly role?: Role;
  readonly namespace?: string;
  readonly region?: string;
  readonly as?: string;
}

export const create: Command<CreateArgs> = {
  options: {
    description: { type: 'string', describe: 'what it is for' },
    'service-id': {
      type: 'string',
      describe: 'make it for this service ID, which is made where there is none',
    },
    role: {
      type: 'string',
      choices: roles,
      describe: 'what the service ID may do; Reader pulls, Writer pushes (Reader)',
    },
    namespace: { type: 'string', describe: 'there only' },
    region: { type: 'string', describe: 'there only: us-south, …' },
    save: { type: 'boolean', describe: 'keep it as an identity, which answers for the hosts' },
    identity: { type: 'string', describe: 'with --save: the name to keep it under' },
    output: { type: 'string', describe: 'write it to a new file, which --api-key-file reads' },
    as: { type: 'string', describe: callerOption.describe },
  },
  examples: [
    ['api-key create laptop --output key.json', 'your own, in a file'],
    [
      'api-key create --service-id ci --role Writer --namespace team-a --save us.icr.io',
      'a service ID that pushes; its key answers for us.icr.io here',
    ],
    ['api-key create ci | ssh HOST docker-credential-icr login --api-key-stdin', 'elsewhere'],
  ],
  run: async (context, args) => {
    const access = accessOf(args);
    const lookup = lookupIn(context);
    const delivery = deliveryFor(lookup, args);
    try {
      const caller = await callerFor(lookup, args.as);
      const serviceId = await serviceIdFor(context, caller, args, access);
      await makeAndDeliver(context, caller, args, delivery, serviceId);
    } catch (error) {
      delivery.giveUp();
      throw error;
    }
    return 0;
  },
};

function accessOf({ serviceId, role, namespace, region }: CreateArgs): WantedAccess {
  if (serviceId === undefined && (role ?? namespace ?? region) !== undefined) {
    throw new HelperError(
      'invalid-input',
      '--role, --namespace and --region say what a service ID may do; add --service-id NAME',
    );
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
  access: WantedAccess,
): Promise<ServiceId | undefined> {
  return serviceId === undefined ? undefined : prepareServiceId(context, caller, serviceId, access);
}

/** From the moment the key is made its value is nowhere else: Ctrl-C waits until it is delivered, or the key gone again. */
async function makeAndDeliver(
  context: Context,
  caller: Caller,
  args: CreateArgs,
  delivery: Delivery,
  serviceId: ServiceId | undefined,
): Promise<void> {
  const release = context.onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {});
  const makeAndSave = async (value?: string, record?: (id: string) => Promise<void>) => {
    const made = await make(context, caller, args, delivery.keyName, serviceId, value);
    context.warn(`made ${nameOf(made.details)}`);
    await record?.(made.details.id);
    await delivery.deliver(made).catch((error) => undo(context, caller, made, error));
  };
  try {
    const { identity } = delivery;
    if (identity === undefined) await makeAndSave();
    else await recorded(context, caller, identity, makeAndSave);
  } finally {
    release();
  }
}

/** Records the value of a key that is saved here before IAM is asked to make it, as a rotation does. */
function recorded(
  context: Context,
  caller: Caller,
  identity: string,
  makeAndSave: (value: string, record: (id: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  return withRotateLock(context, async (requireOurs) => {
    const cancel = () => cancelPendingKey(context, identity, [async () => caller], requireOurs);
    const left = await cancel();
    if (left !== undefined) context.warn(`deleted API key ${left} of an interrupted command`);
    const value = newApiKeyValue();
    const record = (newId?: string) =>
      writePendingKey(context, identity, { value, newId }, undefined);
    await record();
    try {
      await makeAndSave(value, record);
    } catch (error) {
      await cancel().catch((problem) => {
        if (!(problem instanceof HelperError)) throw problem;
        context.warn(inOneLine(problem));
      });
      throw error;
    }
    // Deletes the key if a login has replaced it right now: nobody else knows its value.
    await cancel();
  });
}

async function make(
  context: Context,
  caller: Caller,
  { description }: CreateArgs,
  name: string,
  serviceId: ServiceId | undefined,
  value: string | undefined,
): Promise<MadeApiKey> {
  const { createApiKey } = await import('../../iam/api-key-changes.ts');
  const iamId = serviceId?.iamId ?? caller.iamId;
  const given = value === undefined ? {} : { value };
  const key = { name, description, iamId, accountId: caller.account, ...given };
  return createApiKey(context, caller, key).catch((error) => {
    const told = withDoubt(error, serviceId);
    throw serviceId === undefined ? told : withState(told, serviceId);
  });
}

function withDoubt(error: unknown, serviceId: ServiceId | undefined): unknown {
  if (!(error instanceof HelperError) || error.code !== 'unreachable') return error;
  const list = `api-key list${serviceId === undefined ? '' : ` --service-id ${serviceId.id}`}`;
  return new HelperError(error.code, `${error.message}, but the key may have been created`, {
    hint: `run docker-credential-icr ${list}`,
    cause: error.cause,
  });
}

/** A key whose value nobody has is good for nothing. */
async function undo(
  context: Context,
  caller: Caller,
  { details }: MadeApiKey,
  reason: unknown,
): Promise<never> {
  const { deleteApiKey } = await import('../../iam/api-key-changes.ts');
  await deleteApiKey(context, caller, details.id);
  context.warn(`${nameOf(details)} is deleted again, as it could not be kept`);
  throw reason;
}
