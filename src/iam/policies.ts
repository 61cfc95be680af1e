import type { Context } from '../context.ts';
import { type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { listFromIam, toApiCall } from './iam-api.ts';

/** Of the container registry: Reader pulls, Writer pushes as well, Manager also administers. */
export const roles = ['Reader', 'Writer', 'Manager'] as const;

export type Role = (typeof roles)[number];

/** What somebody may do in the container registry, or in a part of it. */
export interface Access {
  /** Who may: `iam-ServiceId-…`. */
  readonly iamId: string;
  readonly role: Role;
  /** Every namespace where it is absent. */
  readonly namespace: string | undefined;
  /** `us-south` and its kind; every region where it is absent. */
  readonly region: string | undefined;
}

const path = '/v1/policies';

/** Gives the access by a policy; `false` where there is such a policy already. Throws `refused`, `unreachable`. */
export async function grantAccess(
  context: Context,
  caller: Caller,
  access: Access,
): Promise<boolean> {
  const policy = policyOf(access, caller.account);
  const existing = await listFromIam(context, caller, 'policies', {
    method: 'GET',
    path,
    query: { account_id: caller.account, iam_id: access.iamId },
    wanted: 'the list of access policies',
  });
  if (existing.some((each) => gist(each) === gist(policy))) return false;
  const wanted = `the access policy for ${access.iamId}`;
  const call = toApiCall(context, caller, { method: 'POST', path, body: policy, wanted });
  const answer = await callApi(context, caller, call);
  if (answer.status === 409 && answer.text.includes('policy_conflict_error')) return false;
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

/** What makes two policies the same: the roles and the attributes, in any order, without what IAM adds. */
function gist({ roles, resources }: JsonObject): string {
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

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
