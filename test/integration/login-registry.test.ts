import * as assert from 'uvu/assert';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { type ConnectProxy, startProxy } from '../support/connect-proxy.ts';
import { inCloud, newKey, type Person, refusal } from './identity-cloud.ts';

const test = sandboxSuite('what only the registry can check');

/** Runs `use` with a proxy that connects every registry host to the sandbox. */
async function withProxy(
  sandbox: Sandbox,
  use: (person: Person, proxy: ConnectProxy, env: { HTTPS_PROXY: string }) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(Number(new URL(sandbox.registryUrl).port));
  try {
    await inCloud(sandbox, (person) => use(person, proxy, { HTTPS_PROXY: proxy.url }));
  } finally {
    proxy.close();
  }
}

test('an entitlement key: verified with cp.icr.io, and used only there', ({ sandbox }) =>
  withProxy(sandbox, async ({ say, get, call }, { asked }, env) => {
    const key = sandbox.accounts.addEntitlementKey({ value: newKey() });
    assert.match(
      await say('login --entitlement-key-stdin', key, env),
      /^Logged in as entitlement key for cp\.icr\.io; used for cp\.icr\.io$/m,
    );
    assert.equal(asked, ['cp.icr.io:443']);
    assert.is(sandbox.requests.count({ userName: 'cp', status: 200 }), 1);
    assert.equal(await get('cp.icr.io/cp/image'), { username: 'cp', secret: key, warnings: '' });
    assert.is((await call('get', 'us.icr.io')).status, 1);
    const named = 'login cp.icr.io --identity ibm --entitlement-key-stdin';
    assert.match(
      await say(named, key, env),
      'as entitlement key for cp.icr.io with identity ibm; ',
    );
    assert.equal(
      await call('token --identity ibm'),
      refusal(
        'cannot get an access token with identity ibm',
        'run docker-credential-icr login with an API key',
      ),
    );
  }));

/** Keys of a test must not be taken for real ones. */
const jwt = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"canary":1}').toString('base64url')}.canary`;

for (const hosts of ['cp.icr.io', 'us.icr.io cp.icr.io', 'cp.icr.io/cp']) {
  test(`login ${hosts}: names --entitlement-key-stdin for an entitlement key`, ({ sandbox }) =>
    withProxy(sandbox, async ({ call }, _proxy, env) => {
      const expected = refusal(
        'this is not an API key; cp.icr.io accepts entitlement keys only',
        'run docker-credential-icr login cp.icr.io --entitlement-key-stdin',
      );
      for (const key of [sandbox.accounts.addEntitlementKey({ value: newKey() }), jwt]) {
        assert.equal(await call(`login ${hosts} --api-key-stdin`, key, env), expected);
      }
      const none = await call(`login ${hosts} --no-verify --api-key-stdin`, jwt, env);
      assert.equal(none, expected);
    }));
}

test('an entitlement key that cp.icr.io refuses: not stored', ({ sandbox }) =>
  withProxy(sandbox, async ({ call }, _proxy, env) => {
    assert.equal(
      await call('login --entitlement-key-stdin', newKey(), env),
      refusal(
        'cp.icr.io refused the entitlement key (UNAUTHORIZED: The username and password combination is not valid.)',
        'check it, then run docker-credential-icr login again',
      ),
    );
    assert.is((await call('get', 'cp.icr.io')).status, 1);
  }));

test('a registry token: verified with its host', ({ sandbox }) =>
  withProxy(sandbox, async ({ say, get, call }, { asked }, env) => {
    const { iamId, accountId } = sandbox.accounts.addUser();
    const { id, token } = await sandbox.accounts.addRegistryToken({ owner: iamId, accountId });
    const login = 'login de.icr.io/team --identity old --registry-token-stdin';
    assert.match(
      await say(login, token, env),
      new RegExp(
        `Logged in as registry token ${id}, expires .* with identity old; used for de.icr.io/team\n`,
      ),
    );
    assert.equal(asked, ['de.icr.io:443']);
    const { username, secret } = await get('de.icr.io/team/image');
    assert.equal([username, secret], ['token', token]);
    // Formerly issued tokens, which IBM has refused since 2021.
    const forged = `${token.slice(0, -20)}${'A'.repeat(20)}`;
    assert.equal(
      await call(login, forged, env),
      refusal(
        'de.icr.io refused the registry token (UNAUTHORIZED: The username and password combination is not valid.)',
        'check it, then run docker-credential-icr login de.icr.io/team --identity old again',
      ),
    );
    assert.is((await get('de.icr.io/team/image')).secret, token);
  }));

test('an invalid response of the registry: does not blame the key', ({ sandbox }) =>
  withProxy(sandbox, async ({ call }, _proxy, env) => {
    sandbox.faults.add('registry', { kind: 'not-json' });
    assert.equal(
      await call('login --entitlement-key-stdin', newKey(), env),
      refusal(
        'cp.icr.io answered 200 with something that is not a JSON object',
        'check that address',
      ),
    );
  }));

test('--no-verify: sends no request', ({ sandbox }) =>
  withProxy(sandbox, async ({ say }, { asked }, env) => {
    const options = [
      '--api-key-stdin',
      '--refresh-token-stdin',
      '--entitlement-key-stdin',
      '--trusted-profile Profile-x',
    ];
    for (const option of options) {
      const said = await say(`login --identity new ${option} --no-verify`, newKey(), env);
      assert.match(said, /^Saved identity new without verification; /m);
    }
    assert.equal(asked, []);
    assert.is(sandbox.requests.count(), 0);
  }));

test.run();
