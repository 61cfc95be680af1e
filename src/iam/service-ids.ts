import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import type { JsonObject } from '../json-object.ts';
import { textOf } from '../json-object.ts';
import { callIam, listFromIam } from './iam-api.ts';

/** A service ID of an account. */
export interface ServiceId {
  /** `ServiceId-…` */
  readonly id: string;
  /** `iam-ServiceId-…`, which API keys and policies refer to. */
  readonly iamId: string;
  readonly name: string;
}

/** Returns the service ID with a name or ID, or undefined. Throws `invalid-input` if several have the name. */
export async function findServiceId(
  context: Context,
  caller: Caller,
  nameOrId: string,
): Promise<ServiceId | undefined> {
  const isId = nameOrId.startsWith('ServiceId-');
  const found = await listFromIam(context, caller, 'serviceids', {
    method: 'GET',
    path: '/v1/serviceids',
    query: { account_id: caller.account, name: isId ? undefined : nameOrId, pagesize: '100' },
    wanted: 'the list of service IDs',
  });
  const [first, ...more] = found
    .map(readServiceId)
    .filter(({ id, name }) => (isId ? id : name) === nameOrId);
  if (first === undefined || more.length === 0) return first;
  const ids = [first, ...more].map(({ id }) => id).join(', ');
  throw new HelperError('invalid-input', `several service IDs are named ${nameOrId}`, {
    hint: `use one of the IDs: ${ids}`,
  });
}

/** Creates a service ID. Throws `refused`, or `unreachable` if it is unknown whether IAM created it. */
export async function createServiceId(
  context: Context,
  caller: Caller,
  name: string,
): Promise<ServiceId> {
  const body = { account_id: caller.account, name, description: 'for container registry clients' };
  return readServiceId(
    await callIam(context, caller, {
      method: 'POST',
      path: '/v1/serviceids/',
      body,
      wanted: `permission to create service ID ${name}`,
    }),
  );
}

function readServiceId(answer: JsonObject): ServiceId {
  return {
    id: textOf(answer, 'id') ?? '',
    iamId: textOf(answer, 'iam_id') ?? '',
    name: textOf(answer, 'name') ?? '',
  };
}
