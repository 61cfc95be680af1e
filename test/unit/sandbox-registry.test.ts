import * as assert from 'uvu/assert';
import type { Accounts } from '../sandbox/accounts.ts';
import { asObject } from '../sandbox/exchange.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { claimsOf } from '../support/jwt.ts';

const test = sandboxSuite('sandbox: registry', { registryHosts: ['cp.icr.io'] });

const scope = 'repository:ns/img:pull,push';
const tokenPath = `/oauth/token?service=registry&scope=${scope}`;

interface Credential {
  readonly userName: string;
  readonly password: string;
  readonly host?: string;
}

/** The token's grants, as docker-registry reads them. */
function accessOf(token: unknown): unknown {
  return claimsOf(token).access;
}

async function accessToken({ sandbox, askIam }: SandboxContext): Promise<string> {
  const apikey = sandbox.accounts.addApiKey().value;
  const form = { grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey };
  return String((await askIam(form)).value.access_token);
}

function profileFor(accounts: Accounts, assumable: boolean): Credential {
  const key = accounts.addApiKey();
  const { sub } = accounts.addTrustedProfile({ assumableBy: assumable ? [key.iamId] : [] });
  return { userName: sub, password: key.value };
}

type Row = readonly [string, number, (context: SandboxContext) => Credential | Promise<Credential>];

const rows: readonly Row[] = [
  [
    'an API key',
    200,
    ({ sandbox }) => ({ userName: 'iamapikey', password: sandbox.accounts.addApiKey().value }),
  ],
  ['an unknown API key', 401, () => ({ userName: 'iamapikey', password: 'canary' })],
  [
    'a disabled API key',
    401,
    ({ sandbox }) => ({
      userName: 'iamapikey',
      password: sandbox.accounts.addApiKey({ disabled: true }).value,
    }),
  ],
  [
    'an access token',
    200,
    async (context) => ({ userName: 'iambearer', password: await accessToken(context) }),
  ],
  [
    'a damaged access token',
    401,
    async (context) => ({ userName: 'iambearer', password: `${await accessToken(context)}x` }),
  ],
  [
    'a refresh token',
    200,
    ({ sandbox: { accounts } }) => ({
      userName: 'iamrefresh',
      password: accounts.addRefreshToken({ owner: accounts.addUser().iamId }).value,
    }),
  ],
  [
    'an expired refresh token',
    401,
    ({ sandbox: { accounts } }) => ({
      userName: 'iamrefresh',
      password: accounts.addRefreshToken({ owner: accounts.addUser().iamId, expiresAt: 0 }).value,
    }),
  ],
  ['a profile that the key can assume', 200, ({ sandbox }) => profileFor(sandbox.accounts, true)],
  [
    'a profile that the key cannot assume',
    401,
    ({ sandbox }) => profileFor(sandbox.accounts, false),
  ],
  [
    'an entitlement key at cp.icr.io',
    200,
    ({ sandbox }) => ({
      userName: 'cp',
      password: sandbox.accounts.addEntitlementKey(),
      host: 'cp.icr.io',
    }),
  ],
  [
    'an entitlement key at another host',
    401,
    ({ sandbox }) => ({
      userName: 'cp',
      password: sandbox.accounts.addEntitlementKey(),
      host: 'us.icr.io',
    }),
  ],
  ['a user name of another registry', 401, () => ({ userName: 'somebody', password: 'canary' })],
];

for (const [name, status, make] of rows) {
  test(`${name}: ${status} by GET and by POST`, async (context) => {
    const { userName, password, host } = await make(context);
    const headers = host === undefined ? {} : { host };
    const basic = [userName, password] as const;
    const got = await context.askRegistry(tokenPath, { basic, headers });
    assert.is(got.status, status, got.text);
    const form = {
      grant_type: 'password',
      username: userName,
      password,
      service: 'registry',
      scope,
    };
    const posted = await context.askRegistry('/oauth/token', { form, headers });
    assert.is(posted.status, status, posted.text);
    if (status === 200) {
      const actions = userName === 'cp' ? ['pull'] : ['pull', 'push'];
      const access = [{ type: 'repository', name: 'ns/img', actions }];
      assert.equal(accessOf(got.value.token), access);
      assert.equal(accessOf(posted.value.access_token), access);
    } else {
      assert.match(got.text, /"errors":\[\{"code":"(UNAUTHORIZED|UNSUPPORTED)"/);
    }
  });
}

test('login: returns an identity token that is valid as long as the key', async (context) => {
  const { sandbox, askRegistry } = context;
  const key = sandbox.accounts.addApiKey();
  const basic = ['iamapikey', key.value] as const;
  const without = await askRegistry(tokenPath, { basic });
  assert.is(without.value.refresh_token, undefined);
  const login = await askRegistry(`${tokenPath}&offline_token=true`, { basic });
  const form = {
    grant_type: 'refresh_token',
    refresh_token: String(login.value.refresh_token),
    service: 'registry',
    scope,
  };
  const reply = await askRegistry('/oauth/token', { form });
  assert.is(reply.status, 200, reply.text);
  sandbox.accounts.removeApiKey({ key: key.id });
  assert.is((await askRegistry('/oauth/token', { form })).status, 401);
});

test("refuses another account's namespace, and grants pulls of a public one", async (context) => {
  const { sandbox, askRegistry } = context;
  const { accounts } = sandbox;
  accounts.addNamespace({ name: 'theirs', accountId: 'canary-account', public: false });
  accounts.addNamespace({ name: 'open', accountId: 'canary-account', public: true });
  const basic = ['iamapikey', accounts.addApiKey().value] as const;
  const path = (name: string) =>
    `/oauth/token?service=registry&scope=repository:${name}/img:pull,push`;
  const row = (name: string, actions: string[]) => [
    { type: 'repository', name: `${name}/img`, actions },
  ];
  const theirs = await askRegistry(path('theirs'), { basic });
  assert.equal(accessOf(theirs.value.token), row('theirs', []));
  const open = await askRegistry(path('open'));
  assert.equal(accessOf(open.value.token), row('open', ['pull']));
  assert.is((await askRegistry(path('theirs'))).status, 401);
});

test('returns all bytes of an image to users with pull access', async ({
  sandbox,
  askRegistry,
}) => {
  const basic = ['iamapikey', sandbox.accounts.addApiKey().value] as const;
  const path = '/oauth/token?service=registry&scope=repository:demo/hello:pull';
  const bearer = String((await askRegistry(path, { basic })).value.token);
  assert.is((await askRegistry('/v2/', { bearer })).status, 200);
  const manifest = await askRegistry('/v2/demo/hello/manifests/1', { bearer });
  const { digest, size } = asObject(manifest.value.config) ?? {};
  const config = await askRegistry(`/v2/demo/hello/blobs/${digest}`, { bearer });
  assert.is(config.text.length, size);
  assert.is((await askRegistry('/v2/demo/other/manifests/1', { bearer })).status, 401);
  assert.is((await askRegistry('/v2/demo/hello/manifests/2', { bearer })).status, 404);
});

test('does not accept IAM tokens and registry tokens for each other', async (context) => {
  const { sandbox, askRegistry } = context;
  const basic = ['iamapikey', sandbox.accounts.addApiKey().value] as const;
  const token = String((await askRegistry(tokenPath, { basic })).value.token);
  const reply = await askRegistry(tokenPath, { basic: ['iambearer', token] });
  assert.is(reply.status, 401);
  const bearer = await accessToken(context);
  assert.is((await askRegistry('/v2/', { bearer })).status, 401);
});

test('refuses an expired registry token', async ({ sandbox, askRegistry }) => {
  sandbox.lifetimes.registryToken = -1;
  const basic = ['iamapikey', sandbox.accounts.addApiKey().value] as const;
  const bearer = String((await askRegistry(tokenPath, { basic })).value.token);
  sandbox.lifetimes.registryToken = 300;
  assert.is((await askRegistry('/v2/', { bearer })).status, 401);
});

test.run();
