import { type Answer, asObject, bodyObject, json } from './exchange.ts';
import {
  type IdentityRequest,
  type IdentityRoute,
  identityError,
  noContent,
  shownPolicy,
} from './identity-answers.ts';
import { isRole, type Policy, type PolicyOptions } from './policies.ts';
import { isVersion2, placeholder, shownAsVersion2 } from './policy-versions.ts';

const invalid = (message: string) => identityError(400, 'invalid_body', message);
const missing = () => identityError(404, 'policy_not_found', 'The policy could not be found.');

/** Returns the only element of an array as an object: each list in these bodies has one element. */
function only(value: unknown): Record<string, unknown> | undefined {
  return Array.isArray(value) && value.length === 1 ? asObject(value[0]) : undefined;
}

/** Returns the attributes of a subject or a resource, from `[{name, value}]`. */
function attributes(value: unknown): ReadonlyMap<string, string> {
  const list: unknown = only(value)?.attributes;
  const pairs = (Array.isArray(list) ? list : []).map((each: unknown) => asObject(each) ?? {});
  return new Map(pairs.map(({ name, value: text }) => [String(name), String(text)]));
}

/** Returns the policy in the body, or an error message. */
function readPolicy(body: Record<string, unknown>): PolicyOptions | string {
  const iamId = attributes(body.subjects).get('iam_id');
  const resource = attributes(body.resources);
  const role = /^crn:v1:bluemix:public:container-registry::::serviceRole:(\w+)$/.exec(
    String(only(body.roles)?.role_id),
  )?.[1];
  const accountId = resource.get('accountId');
  const region = resource.get('region');
  const namespace = resource.get('resource');
  if (body.type !== 'access') return "The type is not 'access'.";
  if (iamId === undefined) return 'A subject with an iam_id is missing.';
  if (role === undefined || !isRole(role))
    return 'The role does not belong to the container registry.';
  if (accountId === undefined) return 'A resource with an accountId is missing.';
  if (resource.get('serviceName') !== 'container-registry') return 'The service is not known here.';
  return {
    iamId,
    role,
    accountId,
    ...(region !== undefined && { region }),
    ...(namespace !== undefined && { namespace }),
  };
}

function create({ received, caller, accounts }: IdentityRequest): Answer {
  const read = readPolicy(bodyObject(received) ?? {});
  if (typeof read === 'string') return invalid(read);
  if (read.accountId !== caller.accountId || caller.ruledByPolicies) {
    return identityError(403, 'insufficient_permissions', 'You may not make this policy.');
  }
  return json(201, shownPolicy(accounts.addPolicy(read)));
}

function inAccount({ received, caller, accounts }: IdentityRequest) {
  const iamId = received.query.get('iam_id') ?? received.query.get('access_group_id');
  return accounts
    .policies()
    .filter((each) => each.accountId === caller.accountId && (iamId ?? each.iamId) === each.iamId);
}

/** Lists policies in pages of `limit`, all at once without it. */
function list(request: IdentityRequest, show: (policy: Policy) => object): Answer {
  const all = inAccount(request).map(show);
  const { query } = request.received;
  const limit = Number(query.get('limit') ?? all.length);
  const start = Number(query.get('start') ?? 0);
  const end = start + limit;
  const href = `https://iam.cloud.ibm.com${request.received.path}?limit=${limit}&start=${end}`;
  const next = end < all.length && { next: { href, start: String(end) } };
  return json(200, { policies: all.slice(start, end), ...next });
}

const listVersion1 = (request: IdentityRequest): Answer =>
  list(request, (policy) => (isVersion2(policy) ? placeholder(policy) : shownPolicy(policy)));

/** Lists the policies of both versions. */
const listVersion2 = (request: IdentityRequest): Answer => list(request, shownAsVersion2);

/** Lists the custom roles of the caller's account. */
function roles({ caller, accounts }: IdentityRequest): Answer {
  const custom = accounts.customRoles().filter(({ accountId }) => accountId === caller.accountId);
  const shown = custom.map(({ name, accountId, actions }) => ({
    id: name,
    name,
    account_id: accountId,
    service_name: 'container-registry',
    display_name: name,
    crn: `crn:v1:bluemix:public:iam-access-management::a/${accountId}::customRole:${name}`,
    actions,
  }));
  return json(200, { custom_roles: shown, service_roles: [], system_roles: [] });
}

function groups({ received, caller, accounts }: IdentityRequest): Answer {
  const iamId = received.query.get('iam_id') ?? caller.iamId;
  const all = received.query.get('membership_type') === 'all';
  const found = accounts
    .accessGroups(iamId)
    .filter(({ isDynamic = false }) => all || !isDynamic)
    .map(({ id, name }) => ({ id, name }));
  const limit = Number(received.query.get('limit') ?? 50);
  const offset = Number(received.query.get('offset') ?? 0);
  const end = offset + limit;
  const next = end < found.length && {
    next: { href: `https://iam.cloud.ibm.com/v2/groups?limit=${limit}&offset=${end}` },
  };
  const page = found.slice(offset, end);
  return json(200, { limit, offset, total_count: found.length, groups: page, ...next });
}

function one(request: IdentityRequest): Answer {
  const found = inAccount(request).find(({ id }) => id === request.id);
  return found === undefined ? missing() : json(200, shownPolicy(found));
}

function remove(request: IdentityRequest): Answer {
  const found = inAccount(request).find(({ id }) => id === request.id);
  if (found === undefined) return missing();
  request.accounts.removePolicy({ id: found.id });
  return noContent;
}

export const policyRoutes: readonly IdentityRoute[] = [
  ['POST', /^\/v1\/policies\/?$/, create],
  ['GET', /^\/v1\/policies\/?$/, listVersion1],
  ['GET', /^\/v2\/policies\/?$/, listVersion2],
  ['GET', /^\/v2\/roles$/, roles],
  ['GET', /^\/v2\/groups$/, groups],
  ['GET', /^\/v1\/policies\/([^/]+)$/, one],
  ['DELETE', /^\/v1\/policies\/([^/]+)$/, remove],
];
