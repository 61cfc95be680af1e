import type { Context } from '../context.ts';
import type { Caller } from '../http/api-call.ts';
import type { JsonObject } from '../json-object.ts';
import { listFromIam } from './iam-api.ts';
import { objectsIn, policiesPath } from './policies.ts';

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
    path: policiesPath,
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
