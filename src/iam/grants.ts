import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import type { JsonObject } from '../json-object.ts';
import { customRoles, type GrantedRole, roleOf } from './granted-roles.ts';
import { listFromIam } from './iam-api.ts';
import { objectsIn, policiesPath } from './policies.ts';
import { type Limit, limitOf } from './policy-limit.ts';
import { type Rule, ruleOf } from './policy-rule.ts';

/** An access policy as IAM returns it, as far as it concerns the container registry. */
export interface Grant {
  readonly roles: readonly GrantedRole[];
  /** Undefined for all namespaces. */
  readonly namespace: Limit | undefined;
  /** Undefined for all regions. */
  readonly region: Limit | undefined;
  /** Undefined for all resource groups. */
  readonly resourceGroup: Limit | undefined;
  /** Undefined if the policy always applies. */
  readonly rule: Rule | undefined;
  /** The names of other attributes of the policy. Whether they match an image is not known here. */
  readonly conditions: readonly string[];
}

/** Where a grant is needed. Members are undefined if they are not known. */
export interface Place {
  readonly namespace: string;
  readonly region: string | undefined;
  /** The ID of the namespace's resource group; empty without a group. */
  readonly resourceGroup: string | undefined;
}

/**
 * Returns the access policies of the caller that concern the container registry, if the caller may read them. Throws `refused` or
 * `unreachable`.
 */
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
  const policies = await policiesOf(context, caller, subject);
  const grants = policies.flatMap((policy) => grantIn(policy, caller.account, context.now()) ?? []);
  if (grants.every(({ roles }) => roles.every(({ actions }) => actions !== undefined)))
    return grants;
  const known = await customRoles(context, caller);
  return grants.map((grant) => ({
    ...grant,
    roles: grant.roles.map((role) => ({ ...role, actions: role.actions ?? known.get(role.id) })),
  }));
}

/**
 * The console creates policies of version 2. Version 1 of the API lists placeholders for them, and version 2 lists the policies of
 * both versions. Source: https://cloud.ibm.com/docs/account?topic=account-known-issues.
 */
async function policiesOf(
  context: Context,
  caller: Caller,
  subject: Readonly<Record<string, string>>,
): Promise<JsonObject[]> {
  const list = (path: string) =>
    listFromIam(context, caller, 'policies', {
      method: 'GET',
      path,
      query: { account_id: caller.account, ...subject, limit: '100' },
      wanted: 'the list of its access policies',
    });
  try {
    return await list('/v2/policies');
  } catch (error) {
    if (!(error instanceof HelperError) || error.code !== 'refused') throw error;
    return list(policiesPath);
  }
}

/** Returns undefined for a policy of another account, service or resource, and for one that is not an access policy. */
function grantIn(policy: JsonObject, account: string, now: number): Grant | undefined {
  const { type, state } = policy;
  if (type !== 'access' || (state !== undefined && state !== 'active')) return undefined;
  const [resource] = objectsIn(policy.resources ?? [policy.resource]);
  const attributes = objectsIn(resource?.attributes).map((each) => ({
    name: String(each.key ?? each.name),
    limit: limitOf(each),
  }));
  const named = (wanted: string) => attributes.find(({ name }) => name === wanted)?.limit;
  const others = attributes
    .filter(({ name, limit }) => !understood.includes(name) || limit === undefined)
    .map(({ name }) => name);
  const [service, resourceType] = [named('serviceName'), named('resourceType')];
  // Without a service, a policy applies to all services with IAM access; the types are `service` and `platform_service`. A
  // service group has only services for the management of the account.
  const isOurs =
    service?.matches('container-registry') ??
    (named('serviceType')?.matches('service') !== false && !others.includes('service_group_id'));
  // A policy for a resource group gives access to the group itself.
  if (!isOurs || resourceType?.matches('namespace') === false) return undefined;
  if (named('accountId')?.matches(account) === false) return undefined;
  return {
    roles: rolesIn(policy).map(roleOf),
    namespace: named('resource'),
    region: named('region'),
    resourceGroup: named('resourceGroupId'),
    rule: ruleOf(policy, now),
    conditions: [...others, ...(objectsIn(resource?.tags).length > 0 ? ['tags'] : [])],
  };
}

const understood: readonly string[] = [
  'accountId',
  'serviceName',
  'serviceType',
  'region',
  'resourceGroupId',
  'resourceType',
  'resource',
];

/** The roles are in `roles` in version 1, in `control.grant.roles` in version 2. */
function rolesIn({ roles, control }: JsonObject): JsonObject[] {
  if (roles !== undefined) return objectsIn(roles);
  const [grant] = objectsIn(objectsIn([control]).map((each) => each.grant));
  return objectsIn(grant?.roles);
}

/** Returns true if the policy applies to this place now, whatever its roles and other conditions. */
export function appliesTo(grant: Grant, { namespace, region, resourceGroup }: Place): boolean {
  const isIn = (limit: Limit | undefined, value: string | undefined) =>
    limit === undefined || value === undefined || limit.matches(value);
  return (
    isIn(grant.namespace, namespace) &&
    isIn(grant.region, region) &&
    isIn(grant.resourceGroup, resourceGroup) &&
    grant.rule?.isMet !== false
  );
}

/** Returns true if everything that limits the policy is known, so that `appliesTo` is certain. */
export function isCertain(grant: Grant, { region, resourceGroup }: Place): boolean {
  return (
    grant.conditions.length === 0 &&
    (grant.rule === undefined || grant.rule.isMet !== undefined) &&
    (grant.region === undefined || region !== undefined) &&
    (grant.resourceGroup === undefined || resourceGroup !== undefined)
  );
}
