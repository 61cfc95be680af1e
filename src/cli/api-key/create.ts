import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import { leakActions } from '../../iam/api-keys.ts';
import { type Role, roles } from '../../iam/policies.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { callerFor, callerOption } from '../caller.ts';
import type { Command } from '../command.ts';
import { createAndDeliver } from './create-key.ts';
import { type DeliveryArgs, deliveryFor } from './delivery.ts';
import { expiryIn } from './expires-in.ts';
import {
  type Access,
  type PreparedServiceId,
  parseRegion,
  prepareServiceId,
} from './service-id.ts';

interface CreateArgs extends DeliveryArgs {
  readonly description?: string;
  readonly expiresIn?: string;
  readonly actionWhenLeaked: string;
  readonly role?: Role;
  readonly namespace?: string;
  readonly region?: string;
  readonly as?: string;
}

export const create: Command<CreateArgs> = {
  options: {
    description: { type: 'string', describe: 'the description of the key' },
    'expires-in': {
      type: 'string',
      describe: 'the key expires after this time: 12h, 90d, 4w, 1y (default: never)',
    },
    'action-when-leaked': {
      type: 'string',
      choices: leakActions,
      default: 'disable',
      describe: 'what IBM does if it finds the key in public, as on GitHub',
    },
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
    ['api-key create laptop --expires-in 90d --output key.json', 'a key of your user, in a file'],
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
    const expiresAt = expiryIn(args.expiresIn, context.now());
    const lookup = lookupIn(context);
    const delivery = deliveryFor(lookup, args);
    try {
      const caller = await callerFor(lookup, args.as);
      const serviceId = await serviceIdFor(context, caller, args, access);
      const { description, actionWhenLeaked } = args;
      const properties = { description, expiresAt, actionWhenLeaked };
      await createAndDeliver(context, { caller, properties, delivery, serviceId });
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
