import * as assert from 'uvu/assert';
import { type AskOptions, ask } from '../sandbox/ask.ts';
import { asObject } from '../sandbox/exchange.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { claimsOf } from '../support/jwt.ts';

const test = sandboxSuite('sandbox: APIs of IAM and the registry');

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Creates a user with a key and an access token, and clients of both services for that user. */
async function signIn(
  { sandbox, askIam, askRegistry }: SandboxContext,
  accountId = 'canary-account',
) {
  const user = sandbox.accounts.addUser({ accountId });
  const apikey = sandbox.accounts.addApiKey({ owner: user.iamId }).value;
  const form = { grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey };
  const bearer = String((await askIam(form)).value.access_token);
  const { iamUrl, caFile } = sandbox;
  return {
    user,
    iam: (path: string, options?: AskOptions) => ask(iamUrl + path, { caFile, bearer, ...options }),
    registry: (path: string, options?: AskOptions) =>
      askRegistry(path, { bearer, headers: { account: accountId }, ...options }),
  };
}

/** Returns the granted actions of a credential for `ns/img` at a host. */
async function actionsFor(
  { askRegistry }: SandboxContext,
  basic: readonly [string, string],
  host: string,
) {
  const path = '/oauth/token?service=registry&scope=repository:ns/img:pull,push';
  const { value } = await askRegistry(path, { basic, headers: { host } });
  const { access } = claimsOf(value.token) as { access: [{ actions: string[] }] };
  return access[0].actions;
}

test('API keys: create, read, change, lock, disable and delete', async (context) => {
  const { iam, user } = await signIn(context);
  const made = await iam('/v1/apikeys', {
    json: { name: 'ci', iam_id: user.iamId, expires_at: '2100-01-01T00:00+0000' },
  });
  assert.is(made.status, 201, made.text);
  assert.is(String(made.value.apikey).length, 44);
  assert.is(made.value.expires_at, '2100-01-01T00:00+0000');
  const path = `/v1/apikeys/${made.value.id}`;
  assert.is((await iam(path)).value.apikey, '');
  const stale = { method: 'PUT', headers: { 'if-match': '1-canary' }, json: { name: 'cd' } };
  assert.is((await iam(path, stale)).status, 409);
  const fresh = { ...stale, headers: { 'if-match': String(made.value.entity_tag) } };
  assert.is((await iam(path, fresh)).value.name, 'cd');
  assert.is((await iam(`${path}/lock`, { method: 'POST' })).status, 204);
  assert.is((await iam(path, { method: 'DELETE' })).status, 409);
  await iam(`${path}/lock`, { method: 'DELETE' });
  await iam(`${path}/disable`, { method: 'POST' });
  assert.is(context.sandbox.accounts.ownerOfApiKey(String(made.value.apikey)), 'disabled');
  assert.is((await iam(path, { method: 'DELETE' })).status, 204);
  assert.is((await iam(path)).status, 404);
});

test('API keys: lists pages of the account’s keys only', async (context) => {
  const { iam, user } = await signIn(context);
  const other = await signIn(context, 'canary-of-others');
  for (const name of ['a', 'b', 'c', 'd']) {
    await iam('/v1/apikeys', { json: { name, iam_id: user.iamId } });
  }
  const first = await iam('/v1/apikeys?pagesize=3');
  assert.is(items(first.value.apikeys).length, 3);
  const { search } = new URL(String(first.value.next));
  const second = await iam(`/v1/apikeys${search}`);
  assert.is(items(second.value.apikeys).length, 2);
  assert.is(second.value.next, undefined);
  assert.not.match(first.text, other.user.iamId);
  assert.equal((await other.iam(`/v1/apikeys?iam_id=${user.iamId}`)).value.apikeys, []);
});

test('refuses keys and service IDs of another account, and a value that exists', async (context) => {
  const { iam, user } = await signIn(context);
  const other = await signIn(context, 'canary-of-others');
  const key = { name: 'x', iam_id: user.iamId };
  assert.is((await other.iam('/v1/apikeys', { json: key })).status, 403);
  const service = { name: 'x', account_id: user.accountId };
  assert.is((await other.iam('/v1/serviceids', { json: service })).status, 403);
  assert.is((await iam('/v1/apikeys', { json: { iam_id: user.iamId } })).status, 400);
  const same = { ...key, iam_id: user.iamId, apikey: 'canary-of-32-characters-or-longer' };
  assert.is((await iam('/v1/apikeys', { json: same })).status, 201);
  assert.is((await iam('/v1/apikeys', { json: same })).status, 409);
});

test('a policy limits the actions and resources of a service ID', async (context) => {
  const { iam, user } = await signIn(context);
  const { accountId: account_id } = user;
  context.sandbox.accounts.addNamespace({ name: 'ns', accountId: account_id, public: false });
  const made = await iam('/v1/serviceids/', {
    json: { account_id, name: 'puller', description: 'CI', apikey: { name: 'first' } },
  });
  assert.is(made.status, 201, made.text);
  const basic = ['iamapikey', String(asObject(made.value.apikey)?.apikey)] as const;
  assert.equal(await actionsFor(context, basic, 'us.icr.io'), []);
  const policy = await iam('/v1/policies', {
    json: {
      type: 'access',
      subjects: [{ attributes: [{ name: 'iam_id', value: made.value.iam_id }] }],
      roles: [{ role_id: 'crn:v1:bluemix:public:container-registry::::serviceRole:Reader' }],
      resources: [
        {
          attributes: [
            { name: 'accountId', value: account_id },
            { name: 'serviceName', value: 'container-registry' },
            { name: 'region', value: 'us-south' },
            { name: 'resourceType', value: 'namespace' },
            { name: 'resource', value: 'ns' },
          ],
        },
      ],
    },
  });
  assert.is(policy.status, 201, policy.text);
  assert.equal(await actionsFor(context, basic, 'us.icr.io'), ['pull']);
  assert.equal(await actionsFor(context, basic, 'private.us.icr.io'), ['pull']);
  assert.equal(await actionsFor(context, basic, 'de.icr.io'), []);
  const listed = await iam(`/v1/policies?account_id=${account_id}&iam_id=${made.value.iam_id}`);
  assert.is(items(listed.value.policies).length, 1);
  assert.is((await iam(`/v1/serviceids/${made.value.id}`, { method: 'DELETE' })).status, 204);
  assert.is(context.sandbox.accounts.ownerOfApiKey(basic[1]), 'unknown');
});

test('refuses a policy without a role or an account', async (context) => {
  const { iam } = await signIn(context);
  const reply = await iam('/v1/policies', { json: { type: 'access', subjects: [], roles: [] } });
  assert.is(reply.status, 400);
});

test('registry tokens: create, use and delete', async (context) => {
  const { registry } = await signIn(context);
  const path = '/api/v1/tokens';
  const made = await registry(`${path}?description=ci&permanent=false&write=false`, {
    method: 'POST',
  });
  assert.is(made.status, 201, made.text);
  const basic = ['token', String(made.value.token)] as const;
  assert.equal(await actionsFor(context, basic, 'us.icr.io'), ['pull']);
  const listed = await registry(path);
  const { _id, secondary_owner, readonly } = asObject(items(listed.value.tokens)[0]) ?? {};
  assert.equal([secondary_owner, readonly], ['ci', true]);
  assert.is((await registry(`${path}/${_id}`)).value.token, made.value.token);
  assert.is((await registry(`${path}/${_id}`, { method: 'DELETE' })).status, 204);
  const refused = await context.askRegistry('/oauth/token?service=registry', { basic });
  assert.is(refused.status, 401);
});

test('returns namespaces and quotas of the account in the header', async (context) => {
  const { registry } = await signIn(context, 'canary-of-namespaces');
  const { accounts } = context.sandbox;
  accounts.addNamespace({ name: 'mine', accountId: 'canary-of-namespaces', public: false });
  accounts.addNamespace({ name: 'theirs', accountId: 'another', public: false });
  assert.equal(JSON.parse((await registry('/api/v1/namespaces')).text), ['mine']);
  assert.type(asObject((await registry('/api/v1/quotas')).value.limit)?.storage_bytes, 'number');
  const reply = await registry('/api/v1/namespaces', { headers: { account: 'another' } });
  assert.equal([reply.status, reply.value.code], [401, 'CRG0009E']);
});

test.run();
