import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { Role } from '../../iam/policies.ts';
import type { ServiceId } from '../../iam/service-ids.ts';
import { plain } from '../../mask.ts';
import { regions } from '../../registry/regions.ts';
import { shellQuoted } from '../../visible.ts';
import { unknownServiceId } from './keys.ts';

/** The access policy of a service ID. */
export interface Access {
  readonly role: Role;
  readonly namespace: string | undefined;
  readonly region: string | undefined;
}

export interface PreparedServiceId extends ServiceId {
  /** True if this command has created it. */
  readonly isNew: boolean;
}

/**
 * Returns the service ID of that name with the access policy; creates those that do not exist. Its API key is created
 * afterwards, because IAM returns the value of a key only once; a command that fails before can be repeated. Throws IAM's
 * errors.
 */
export async function prepareServiceId(
  context: Context,
  caller: Caller,
  name: string,
  access: Access,
): Promise<PreparedServiceId> {
  const serviceId = await findOrCreate(context, caller, name);
  const { grantAccess } = await import('../../iam/policies.ts');
  const { role, namespace, region } = access;
  const scope = `${namespace === undefined ? 'all namespaces' : `namespace ${namespace}`}${
    region === undefined ? '' : ` in ${region}`
  }`;
  const policy = { iamId: serviceId.iamId, role, namespace, region };
  const isNew = await grantAccess(context, caller, policy).catch((error) => {
    throw withState(error, serviceId);
  });
  context.warn(`${nameOf(serviceId)} ${isNew ? 'now' : 'already'} has role ${role} for ${scope}`);
  return serviceId;
}

async function findOrCreate(
  context: Context,
  caller: Caller,
  name: string,
): Promise<PreparedServiceId> {
  const { createServiceId, findServiceId } = await import('../../iam/service-ids.ts');
  const existing = await findServiceId(context, caller, name);
  if (existing !== undefined) {
    context.warn(`using the existing ${nameOf(existing)}`);
    return { ...existing, isNew: false };
  }
  if (name.startsWith('ServiceId-')) throw unknownServiceId(name);
  const created = await createServiceId(context, caller, name);
  context.warn(`created ${nameOf(created)}`);
  return { ...created, isNew: true };
}

/** If the service ID was created by this command, adds that to the error of a later step. */
export function withState(error: unknown, { id, isNew }: PreparedServiceId): unknown {
  if (!isNew || !(error instanceof HelperError)) return error;
  return new HelperError(error.code, `service ID ${id} was created, but ${error.message}`, {
    hint: `run the same command again to continue, or ibmcloud iam service-id-delete ${shellQuoted(id)} to undo it`,
    cause: error.cause,
  });
}

/** Returns the name of a region, given its name, former name or host. Throws `invalid-input`. */
export function parseRegion(text: string): string {
  const known = regions.find((each) => [each.region, each.alias, each.host].includes(text));
  if (known !== undefined) return known.region;
  // Accepts the name of a region that is newer than this program.
  if (/^[a-z]{2}-[a-z0-9]{2,}$/.test(text)) return text;
  const names = regions.map(({ region }) => region).join(', ');
  throw new HelperError('invalid-input', 'unknown region', { hint: `use one of ${names}` });
}

function nameOf({ id, name }: ServiceId): string {
  return plain(`service ID ${name} (${id})`);
}
