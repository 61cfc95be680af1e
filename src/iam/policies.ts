import type { Context } from '../context.ts';
import { type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { serviceCode } from '../http/service-error.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { listFromIam, toApiCall } from './iam-api.ts';

/** Roles for the container registry: Reader pulls, Writer also pushes, Manager also administers. */
export const roles = ['Reader', 'Writer', 'Manager'] as const;

export type Role = (typeof roles)[number];

/** A role in the container registry, or in a part of it. */
interface Access {
  /** The subject's IAM ID, such as `iam-ServiceId-…`. */
  readonly iamId: string;
  readonly role: Role;
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined;
  /** A region such as `us-south`; undefined for all regions. */
  readonly region: string | undefined;
}

export const policiesPath = '/v1/policies';

/** Creates an access policy. Returns false if an equal policy exists. Throws `refused` or `unreachable`. */
export async function grantAccess(
  context: Context,
  caller: Caller,
  access: Access,
): Promise<boolean> {
  const policy = policyOf(access, caller.account);
  const existing = await listFromIam(context, caller, 'policies', {
    method: 'GET',
    path: policiesPath,
    query: { account_id: caller.account, iam_id: access.iamId, limit: '100' },
    wanted: 'the list of access policies',
  });
  if (existing.some((each) => fingerprint(each) === fingerprint(policy))) return false;
  const wanted = `the access policy for ${access.iamId}`;
  const call = toApiCall(context, caller, {
    method: 'POST',
    path: policiesPath,
    body: policy,
    wanted,
  });
  const answer = await callApi(context, caller, call);
  if (answer.status === 409 && serviceCode(answer.text) === 'policy_conflict_error') return false;
  goodAnswer(caller, call, answer);
  return true;
}

function policyOf({ iamId, role, namespace, region }: Access, account: string): JsonObject {
  const attributes = {
    accountId: account,
    serviceName: 'container-registry',
    ...(region === undefined ? {} : { region }),
    ...(namespace === undefined ? {} : { resourceType: 'namespace', resource: namespace }),
  };
  return {
    type: 'access',
    subjects: [{ attributes: [{ name: 'iam_id', value: iamId }] }],
    roles: [{ role_id: `crn:v1:bluemix:public:container-registry::::serviceRole:${role}` }],
    resources: [
      { attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })) },
    ],
  };
}

/** Returns the same text for equal policies: roles and attributes in sorted order, without the fields that IAM adds. */
function fingerprint({ roles, resources }: JsonObject): string {
  const [resource] = objectsIn(resources);
  return JSON.stringify([
    objectsIn(roles)
      .map(({ role_id: id }) => String(id))
      .sort(),
    objectsIn(resource?.attributes)
      .map(({ name, value }) => `${name}=${value}`)
      .sort(),
  ]);
}

export function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
