import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { Role } from '../../iam/policies.ts';
import type { ServiceId } from '../../iam/service-ids.ts';
import { plain } from '../../plain-text.ts';
import { regions } from '../../registry/regions.ts';

/** What a service ID is to be allowed. */
export interface WantedAccess {
  readonly role: Role;
  readonly namespace: string | undefined;
  readonly region: string | undefined;
}

/**
 * The service ID of that name, made where there is none, with an access policy. The key comes last: its value is seen
 * once, and whatever fails before it, the same command can be run again. Throws what IAM says.
 */
export async function prepareServiceId(
  context: Context,
  caller: Caller,
  name: string,
  access: WantedAccess,
): Promise<ServiceId> {
  const serviceId = await findOrCreate(context, caller, name);
  const { grantAccess } = await import('../../iam/policies.ts');
  const { role, namespace, region } = access;
  const where = `${namespace ?? 'every namespace'}${region === undefined ? '' : ` in ${region}`}`;
  const wanted = { iamId: serviceId.iamId, role, namespace, region };
  const isNew = await grantAccess(context, caller, wanted).catch((error) => {
    throw withState(error, serviceId);
  });
  context.warn(`${nameOf(serviceId)} is ${isNew ? 'now' : 'already'} ${role} of ${where}`);
  return serviceId;
}

async function findOrCreate(context: Context, caller: Caller, name: string): Promise<ServiceId> {
  const { createServiceId, findServiceId } = await import('../../iam/service-ids.ts');
  const existing = await findServiceId(context, caller, name);
  if (existing !== undefined) {
    context.warn(`using ${nameOf(existing)}, which exists`);
    return existing;
  }
  if (name.startsWith('ServiceId-')) {
    throw new HelperError('invalid-input', `there is no service ID ${name} in this account`);
  }
  const made = await createServiceId(context, caller, name);
  context.warn(`made ${nameOf(made)}`);
  return made;
}

/** An error of a later step, with what there is by now and what to type. */
export function withState(error: unknown, { id }: ServiceId): unknown {
  if (!(error instanceof HelperError)) return error;
  return new HelperError(error.code, `service ID ${id} was created, but ${error.message}`, {
    hint: `run the same command again to continue, or ibmcloud iam service-id-delete ${id} to undo it`,
    cause: error.cause,
  });
}

/** A region's name from its name, its old one or its host. Throws `invalid-input` for what is none. */
export function parseRegion(text: string): string {
  const known = regions.find((each) => [each.region, each.alias, each.host].includes(text));
  if (known !== undefined) return known.region;
  // IBM opens regions more often than this program is renewed.
  if (/^[a-z]{2}-[a-z0-9]{2,}$/.test(text)) return text;
  const names = regions.map(({ region }) => region).join(', ');
  throw new HelperError('invalid-input', `that is no region; there are: ${names}`);
}

function nameOf({ id, name }: ServiceId): string {
  return `service ID ${plain(name)} (${id})`;
}
