import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import type { JsonObject } from '../json-object.ts';
import { textOf } from '../json-object.ts';
import { callIam, listFromIam } from './iam-api.ts';

/** An identity of an account that belongs to no person. */
export interface ServiceId {
  /** `ServiceId-…` */
  readonly id: string;
  /** `iam-ServiceId-…`: what keys and policies name. */
  readonly iamId: string;
  readonly name: string;
}

/** By its name or its ID; `undefined` where there is none. Throws `invalid-input` where several have the name. */
export async function findServiceId(
  context: Context,
  caller: Caller,
  nameOrId: string,
): Promise<ServiceId | undefined> {
  const isId = nameOrId.startsWith('ServiceId-');
  const found = await listFromIam(context, caller, 'serviceids', {
    method: 'GET',
    path: '/v1/serviceids',
    query: { account_id: caller.account, name: isId ? undefined : nameOrId },
    wanted: 'the list of service IDs',
  });
  const [first, ...more] = found
    .map(readServiceId)
    .filter(({ id, name }) => (isId ? id : name) === nameOrId);
  if (first === undefined || more.length === 0) return first;
  const ids = [first, ...more].map(({ id }) => id).join(', ');
  throw new HelperError('invalid-input', `several service IDs are named ${nameOrId}`, {
    hint: `name one of them by its ID: ${ids}`,
  });
}

/** Throws `refused`, and `unreachable` where IAM may have made it or not. */
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
      wanted: `the new service ID ${name}`,
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
