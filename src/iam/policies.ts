import type { Context } from '../context.ts';
import { type Caller, callApi, goodAnswer } from '../http/api-call.ts';
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

const path = '/v1/policies';

/** Creates an access policy. Returns false if an equal policy exists. Throws `refused` or `unreachable`. */
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
  if (existing.some((each) => fingerprint(each) === fingerprint(policy))) return false;
  const wanted = `the access policy for ${access.iamId}`;
  const call = toApiCall(context, caller, { method: 'POST', path, body: policy, wanted });
  const answer = await callApi(context, caller, call);
  if (answer.status === 409 && answer.text.includes('policy_conflict_error')) return false;
  goodAnswer(caller, call, answer);
  return true;
}

/** An access policy as IAM returns it, as far as it concerns the container registry. */
export interface Grant {
  /** Service roles: `Reader`, `Writer`, `Manager`; platform roles such as `Administrator`; or `custom role NAME`. */
  readonly roles: readonly string[];
  /** Undefined for all namespaces. */
  readonly namespace: Limit | undefined;
  /** Undefined for all regions. */
  readonly region: Limit | undefined;
  /** The names of other attributes of the policy. Whether they match an image is not known here. */
  readonly conditions: readonly string[];
}

/** The value of an attribute of a policy. In a pattern, `*` stands for any text and `?` for one character. */
interface Limit {
  readonly value: string;
  readonly isPattern: boolean;
}

/** Returns the access policies of the caller that concern the container registry. Throws `refused` or `unreachable`. */
export function listGrants(context: Context, caller: Caller): Promise<Grant[]> {
  return grantsOf(context, caller, { iam_id: caller.iamId });
}

/** Returns the access policies of the caller's access groups. Throws `refused` or `unreachable`. */
export async function listGroupGrants(context: Context, caller: Caller): Promise<Grant[]> {
  const groups = await listFromIam(context, caller, 'groups', {
    method: 'GET',
    path: '/v2/groups',
    query: {
      account_id: caller.account,
      iam_id: caller.iamId,
      // Rules of a group may also make an identity a member.
      membership_type: 'all',
      limit: '100',
    },
    wanted: 'the list of its access groups',
  });
  const lists = groups.map(({ id }) => grantsOf(context, caller, { access_group_id: String(id) }));
  return (await Promise.all(lists)).flat();
}

async function grantsOf(
  context: Context,
  caller: Caller,
  subject: Readonly<Record<string, string>>,
): Promise<Grant[]> {
  const policies = await listFromIam(context, caller, 'policies', {
    method: 'GET',
    path,
    query: { account_id: caller.account, ...subject },
    wanted: 'the list of its access policies',
  });
  return policies.flatMap((policy) => grantIn(policy) ?? []);
}

const understood: readonly string[] = [
  'accountId',
  'serviceName',
  'serviceType',
  'region',
  'resourceType',
  'resource',
];

/** Returns undefined for a policy of another service or resource, and for one that is not an access policy. */
function grantIn(policy: JsonObject): Grant | undefined {
  const [resource] = objectsIn(policy.resources);
  const attributes = objectsIn(resource?.attributes);
  const limitOf = (wanted: string): Limit | undefined => {
    const found = attributes.find(({ name }) => name === wanted);
    return found && { value: String(found.value), isPattern: found.operator === 'stringMatch' };
  };
  const { type, state } = policy;
  if (type !== 'access' || (state !== undefined && state !== 'active')) return undefined;
  const others = attributes.map(({ name }) => String(name)).filter((name) => !isUnderstood(name));
  const [service, resourceType] = [limitOf('serviceName'), limitOf('resourceType')];
  // Without a service, a policy applies to all services with IAM access; the types are `service` and `platform_service`. A
  // service group has only services for the management of the account.
  const isOurs =
    service === undefined
      ? limitOf('serviceType')?.value !== 'platform_service' && !others.includes('service_group_id')
      : matches(service, 'container-registry');
  // A policy for a resource group gives access to the group itself.
  const isOther = resourceType !== undefined && !matches(resourceType, 'namespace');
  if (!isOurs || isOther) return undefined;
  return {
    roles: objectsIn(policy.roles).map(({ role_id: id }) => roleName(String(id))),
    namespace: limitOf('resource'),
    region: limitOf('region'),
    conditions: [
      ...others,
      ...(objectsIn(resource?.tags).length > 0 ? ['tags'] : []),
      // Policies of version 2 may have conditions, such as times.
      ...(policy.rule === undefined && policy.pattern === undefined ? [] : ['rule']),
    ],
  };
}

function isUnderstood(name: string): boolean {
  return understood.includes(name);
}

/** A custom role can have the name of another role. */
function roleName(id: string): string {
  const name = id.replace(/.*:/s, '');
  return /:customRole:[^:]*$/.test(id) ? `custom role ${name}` : name;
}

/**
 * Returns true if the policy applies to this namespace in this region, whatever its roles and conditions. `region` is
 * undefined if it is not known.
 */
export function appliesTo(grant: Grant, namespace: string, region: string | undefined): boolean {
  return (
    matches(grant.namespace, namespace) && (region === undefined || matches(grant.region, region))
  );
}

function matches(limit: Limit | undefined, text: string): boolean {
  if (limit === undefined) return true;
  if (!limit.isPattern) return limit.value === text;
  const pattern = limit.value
    .replace(/[^\w*?]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 's').test(text);
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

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
