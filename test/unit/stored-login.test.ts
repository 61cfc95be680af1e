import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  fromDockerLogin,
  fromEntitlementLogin,
  fromIdentityToken,
} from '../../src/identity/docker-login.ts';
import { type Lookup, lookupIn } from '../../src/identity/lookup.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { noon, testContext } from '../support/context.ts';
import { inHome, writeConfig } from '../support/home.ts';
import { hostOf } from '../support/host.ts';
import { unsignedJwt } from '../support/jwt.ts';

const test = suite('credential of docker login');

/** Calls `use` with the lookup after `docker login HOST` with this user name and secret. */
function afterLogin(
  host: string,
  [Username, Secret]: readonly [string, string],
  use: (lookup: Lookup) => Promise<void>,
  settings: object = {},
): Promise<void> {
  return inHome((home) => {
    writeConfig(home, 'config.json', JSON.stringify(settings));
    const context = testContext({ env: home.env });
    fileStore(context).write({ of: 'host', name: host }, { ServerURL: host, Username, Secret });
    return use(lookupIn(context));
  });
}

const jwt = unsignedJwt({ exp: noon / 1000 });
for (const [username, expiresAt] of [
  ['token', noon],
  ['iamapikey', undefined],
] as const) {
  test(`of the user "${username}" expires ${expiresAt ?? 'never'}`, () =>
    afterLogin('us.icr.io', [username, jwt], async (lookup) => {
      const found = await fromDockerLogin(lookup, hostOf('us.icr.io'));
      assert.equal([found?.username, found?.secret()], [username, jwt]);
      assert.is(found?.expiresAt, expiresAt);
      assert.equal([found?.location, found?.isDockerLogin], ['file (docker login)', true]);
      assert.is(await fromIdentityToken(lookup, hostOf('us.icr.io')), undefined);
    }));
}

for (const username of ['cp', '<token>']) {
  test(`for entitled software: ${username}, unless an entitlement key is mapped`, async () => {
    const host = hostOf('cp.icr.io');
    const identities = { ent: { kind: 'entitlement-key', secretSetAt: 0 } };
    for (const [kind, isFound] of [
      ['entitlement-key', false],
      ['api-key', true],
    ] as const) {
      const settings = {
        identities: { ent: { ...identities.ent, kind } },
        mappings: { 'cp.icr.io': { identity: 'ent' } },
      };
      const login = [username, 'canary'] as const;
      const check = async (lookup: Lookup) => {
        const found = await fromEntitlementLogin(lookup, host);
        assert.is(found?.username, isFound ? username : undefined, kind);
      };
      await afterLogin('cp.icr.io', login, check, settings);
    }
  });
}

test('for entitled software: no other user name', () =>
  afterLogin('cp.icr.io', ['iamapikey', 'canary'], async (lookup) =>
    assert.is(await fromEntitlementLogin(lookup, hostOf('cp.icr.io')), undefined),
  ));

test.run();
