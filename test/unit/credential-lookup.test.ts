import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { apiKeyIn } from '../../src/identity/api-key-variable.ts';
import { fromAmbientVariable, fromOwnVariable } from '../../src/identity/environment.ts';
import { findCredential } from '../../src/identity/find.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { fromMapping, identityNamed } from '../../src/identity/mapping.ts';
import {
  isPresentable,
  mintedAs,
  presentation,
  requireHostOf,
  userNames,
} from '../../src/identity/present.ts';
import { signOut } from '../../src/identity/signed-out.ts';
import { noon, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { hostOf } from '../support/host.ts';
import { inWorld } from '../support/keychains.ts';
import { startLoopbackIam } from '../support/loopback-iam.ts';
import { fails, rejects } from '../support/rejects.ts';

const test = suite('the lookup of a credential');

/** Whether `find` throws or its promise is rejected is all the same here. */
async function called<T>(find: () => T | Promise<T>): Promise<T> {
  return await find();
}

const ibm = hostOf('us.icr.io');

function writeIdentity(home: Home, identity: object, Secret: string, more: object = {}): void {
  const identities = { work: { kind: 'api-key', since: 0, ...identity } };
  const mappings = { '*': { identity: 'work' } };
  writeConfig(home, 'config.json', JSON.stringify({ identities, mappings, ...more }));
  const credential = { ServerURL: 'work', Username: 'u', Secret };
  writeConfig(home, 'identities/work.json', JSON.stringify(credential));
}

test('debug output names every source that has nothing', () =>
  inHome(async ({ env }) => {
    const debugged = { ...env, DOCKER_CREDENTIAL_ICR_DEBUG: '1' };
    for (const [host, count] of [
      ['us.icr.io', 7],
      ['cp.icr.io', 8],
      ['quay.example', 2],
    ] as const) {
      const context = testContext({ env: debugged });
      assert.is(await findCredential(lookupIn(context), hostOf(host)), undefined);
      const lines = context.warnings.filter((line) => line.includes(host));
      assert.is(new Set(lines).size, count, host);
      for (const line of lines) assert.match(line, /: \S[^:]*: no credential$/);
    }
  }));

test('debug output names the source of the credential', () =>
  inHome(async (home) => {
    const IBMCLOUD_API_KEY = 'canary';
    const variables = { ...home.env, DOCKER_CREDENTIAL_ICR_DEBUG: '1', IBMCLOUD_API_KEY };
    const lastLine = async () => {
      const context = testContext({ env: variables });
      await findCredential(lookupIn(context), ibm);
      return context.warnings.at(-1);
    };
    const environment = 'us.icr.io: the environment: found a credential in IBMCLOUD_API_KEY';
    assert.is(await lastLine(), environment);
    writeIdentity(home, {}, 'canary');
    const mapping = 'us.icr.io: the mapping: found identity work in file store';
    assert.is(await lastLine(), mapping);
    const named = testContext({ env: variables, identity: 'work' });
    await findCredential(lookupIn(named), ibm);
    const byName = "us.icr.io: the program's name: found identity work in file store";
    assert.is(named.warnings.at(-1), byName);
  }));

test('debug output tells which sources are skipped for a host that was signed out', () =>
  inHome(async (home) => {
    writeIdentity(home, {}, 'canary');
    const context = testContext({ env: { ...home.env, DOCKER_CREDENTIAL_ICR_DEBUG: '1' } });
    signOut(context, 'us.icr.io');
    assert.is(await findCredential(lookupIn(context), ibm), undefined);
    assert.ok(context.warnings.includes('us.icr.io: the mapping: skipped: signed out'));
    assert.ok(context.warnings.includes('us.icr.io: docker login: no credential'));
  }));

test('another registry: the stored credential has precedence over an identity token', () =>
  inHome(async (home) => {
    const host = hostOf('quay.example');
    const context = testContext({ env: home.env });
    for (const Username of ['me', '<token>']) {
      const credential = { ServerURL: 'quay.example', Username, Secret: 'canary' };
      writeConfig(home, 'hosts/quay.example.json', JSON.stringify(credential));
      const found = await findCredential(lookupIn(context), host);
      assert.is(found?.username, Username);
    }
  }));

test('an identity comes with its place, its end and whether it is minted', () =>
  inHome(async (home) => {
    const found = async () => fromMapping(lookupIn(testContext({ env: home.env })), ibm);
    writeIdentity(home, { expiresAt: noon }, 'canary');
    assert.equal([(await found())?.location, (await found())?.expiresAt], ['file store', noon]);
    assert.is((await found())?.isMinted, undefined);
    assert.is(await (await found())?.secret(), 'canary');
    assert.type((await found())?.accessToken, 'function');
    writeIdentity(home, { kind: 'refresh-token' }, 'canary');
    assert.is((await found())?.isMinted, true);
    assert.is(await (await found())?.secret(), 'canary');
    assert.is((await found())?.expiresAt, undefined);
    assert.type((await found())?.accessToken, 'function');
    for (const kind of ['entitlement-key', 'registry-token']) {
      writeIdentity(home, { kind }, 'canary');
      assert.is((await found())?.accessToken, undefined, kind);
    }
    writeIdentity(home, { kind: 'trusted-profile', profile: 'Profile-1' }, 'canary');
    assert.is((await found())?.location, 'this machine');
    assert.is((await found())?.isMinted, true);
    assert.type((await found())?.accessToken, 'function');
    for (const present of ['iambearer', 'iamrefresh']) {
      writeIdentity(home, { present }, 'canary');
      assert.is((await found())?.isMinted, true, present);
    }
  }));

test('an access token is requested once and then cached, a new one only if forced', async () => {
  const iam = await startLoopbackIam();
  try {
    await inHome(async (home) => {
      const more = { iamEndpoint: iam.endpoint };
      writeIdentity(home, { present: 'iambearer' }, 'canary', more);
      const lookup = lookupIn(testContext({ env: home.env }));
      const found = await fromMapping(lookup, ibm);
      assert.is(await found?.minted?.cachedUntil(), undefined);
      assert.equal([await found?.secret(), await found?.secret()], ['canary-1', 'canary-1']);
      assert.is(await found?.minted?.cachedUntil(), noon + 3_600_000);
      assert.is(await found?.accessToken?.(false), 'canary-1');
      assert.is(await found?.accessToken?.(true), 'canary-2');
      assert.is(await found?.secret(), 'canary-2');
      assert.equal(
        iam.forms.map((form) => form.get('apikey')),
        ['canary', 'canary'],
      );
      writeIdentity(home, { present: 'iamrefresh' }, 'canary', more);
      const refresh = await fromMapping(lookupIn(testContext({ env: home.env })), ibm);
      // This IAM issues none.
      const secret = await called(() => refresh?.secret()).catch(String);
      assert.is.not(secret, 'canary');
      assert.is.not(secret, undefined);
      assert.ok(iam.forms.length > 2);
      iam.status = 400;
      const refused = called(() => found?.accessToken?.(true));
      await rejects(refused, 'refused', /login --identity work/);
    });
  } finally {
    iam.close();
  }
});

test('an API key with a trusted profile: the access token is one of the profile', async () => {
  const iam = await startLoopbackIam();
  try {
    await inHome(async (home) => {
      const more = { iamEndpoint: iam.endpoint };
      writeIdentity(home, { present: 'iambearer', profile: 'Profile-1' }, 'canary', more);
      const found = await fromMapping(lookupIn(testContext({ env: home.env })), ibm);
      assert.is(await found?.secret(), 'canary-2');
      assert.equal(
        iam.forms.map((form) => [form.get('apikey'), form.get('profile_id')]),
        [
          ['canary', null],
          [null, 'Profile-1'],
        ],
      );
    });
  } finally {
    iam.close();
  }
});

test('a trusted profile needs no stored secret', () =>
  inHome(async (home) => {
    writeIdentity(home, { kind: 'trusted-profile', profile: 'Profile-1' }, 'canary');
    fs.rmSync(path.join(home.config, 'identities', 'work.json'));
    const found = await fromMapping(lookupIn(testContext({ env: home.env })), ibm);
    assert.is(found?.username, 'iambearer');
  }));

test('a registry token warns when it has expired, and nothing else does', () =>
  inHome(async (home) => {
    const claims = Buffer.from(JSON.stringify({ exp: noon / 1000 - 60 })).toString('base64url');
    for (const [kind, warnings] of [
      ['registry-token', 1],
      ['entitlement-key', 0],
    ] as const) {
      writeIdentity(home, { kind }, `e30.${claims}.canary`);
      const context = testContext({ env: home.env });
      const found = await fromMapping(lookupIn(context), ibm);
      assert.is(context.warnings.length, 0);
      assert.is(await found?.secret(), `e30.${claims}.canary`);
      assert.is(context.warnings.length, warnings, kind);
    }
  }));

test('an identity by name has the requested user name', () =>
  inHome(async (home) => {
    writeIdentity(home, { present: 'iambearer' }, 'canary');
    const lookup = lookupIn(testContext({ env: home.env }));
    assert.is((await identityNamed(lookup, 'work')).username, 'iambearer');
    assert.is((await identityNamed(lookup, 'work', 'iamapikey')).username, 'iamapikey');
    const nobody = called(() => identityNamed(lookup, 'toString'));
    await rejects(
      nobody,
      'misconfigured',
      /^identity toString does not exist; .*--identity toString$/,
    );
  }));

test('a missing secret: the error names the store', () =>
  inWorld(
    {
      identities: { work: { kind: 'api-key', since: 0 } },
      mappings: { '*': { identity: 'work' } },
      store: 'vault',
    },
    async ({ context }) => {
      const found = called(() => fromMapping(lookupIn(context), ibm));
      await rejects(found, 'storage', /vault.*--identity work/);
    },
  ));

test('the user name: of the mapping, of the identity, the usual one', () => {
  const key = { kind: 'api-key' } as const;
  assert.is(
    presentation({ ...key, present: 'iambearer' }, { present: 'iamrefresh' }),
    'iamrefresh',
  );
  assert.is(presentation({ ...key, present: 'iambearer' }, {}), 'iambearer');
  assert.is(presentation({ ...key, profile: 'Profile-1' }), 'Profile-1');
  assert.is(isPresentable({ ...key, profile: 'Profile-1' }, 'iamapikey'), false);
  for (const name of ['iamrefresh', 'iambearer']) {
    assert.is(isPresentable({ kind: 'refresh-token', profile: 'Profile-1' }, name), true);
  }
  assert.equal(userNames, ['iamapikey', 'iambearer', 'iamrefresh']);
});

for (const [kind, present, minted] of [
  ['api-key', 'iamapikey', undefined],
  ['api-key', 'iambearer', 'access token'],
  ['api-key', 'iamrefresh', 'refresh token'],
  ['refresh-token', 'iamrefresh', undefined],
  ['refresh-token', 'iambearer', 'access token'],
] as const) {
  test(`${kind} as ${present}: ${minted ?? 'the secret itself'}`, () =>
    assert.is(mintedAs({ kind }, present), minted));
}

test('an entitlement key is for cp.icr.io only', () => {
  for (const key of ['cp.icr.io', 'cp.icr.io/cp', 'cp.icr.io/cp/ns']) {
    requireHostOf({ kind: 'entitlement-key' }, key);
  }
  for (const key of ['*', 'us.icr.io', 'us.icr.io/cp.icr.io', 'cp.icr.io.example']) {
    fails(() => requireHostOf({ kind: 'entitlement-key' }, key), 'invalid-input');
    requireHostOf({ kind: 'api-key' }, key);
  }
});

test('an API key in a variable or its file is one word of visible characters', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'key');
    const inFile = (text: string | Buffer) => {
      fs.writeFileSync(file, text);
      return () => apiKeyIn('IC_API_KEY', `@${file}`);
    };
    assert.is(apiKeyIn('IC_API_KEY', ' canary '), 'canary');
    assert.is(inFile(' canary\n')(), 'canary');
    assert.is(inFile('{"apikey":"canary"}')(), 'canary');
    for (const text of [
      '',
      'ä',
      'canaryä',
      'äcanary',
      'two words',
      '{"apikey":"a b"}',
      '{}',
      '{',
    ]) {
      fails(inFile(text), 'damaged', /IC_API_KEY/);
    }
    fails(inFile(Buffer.from('canary', 'utf16le')), 'damaged', /UTF-8/);
    const largest = 64 * 1024;
    assert.is(inFile('c'.repeat(largest))(), 'c'.repeat(largest));
    fails(inFile('c'.repeat(largest + 1)), 'damaged');
    fails(() => apiKeyIn('IC_API_KEY', `@${folder}`), 'storage', /EISDIR/);
    fails(() => apiKeyIn('IC_API_KEY', `@${folder}/none`), 'storage', /ENOENT/);
    fails(() => apiKeyIn('IC_API_KEY', 'canary\nkey'), 'misconfigured');
  }));

test('a blank variable is not set; the first that is set wins', async () => {
  const from = async (env: Record<string, string>) =>
    (await fromAmbientVariable(lookupIn(testContext({ env }))))?.location;
  assert.is(await from({}), undefined);
  assert.is(
    await from({ IBMCLOUD_API_KEY: ' ', BLUEMIX_API_KEY: 'b', IC_API_KEY: 'c' }),
    'BLUEMIX_API_KEY',
  );
  const own = testContext({ env: { DOCKER_CREDENTIAL_ICR_API_KEY: ' canary ' } });
  const found = await fromOwnVariable(lookupIn(own));
  assert.equal([found?.username, await found?.secret()], ['iamapikey', 'canary']);
  assert.is(await fromOwnVariable(lookupIn(testContext())), undefined);
});

test('the store is files if the settings are damaged, and a bug is thrown', () =>
  inHome(async (home) => {
    assert.is(await lookupIn(testContext({ env: home.env })).store(), 'file');
    writeConfig(home, 'config.json', '{');
    assert.is(await lookupIn(testContext({ env: home.env })).store(), 'file');
    const files = { ...nodeFiles, read: () => Promise.reject(new TypeError('a bug')) };
    const { store } = lookupIn(testContext({ env: home.env, files }));
    assert.is(await store().catch(String), 'TypeError: a bug');
  }));

test('the session of the ibmcloud CLI and the compute identity are off by default', () =>
  inHome(async ({ env, folder }) => {
    const session = path.join(folder, '.bluemix', 'config.json');
    fs.mkdirSync(path.dirname(session));
    fs.writeFileSync(session, JSON.stringify({ IAMToken: 'Bearer canary' }));
    const context = testContext({ env });
    assert.is(await findCredential(lookupIn(context), ibm), undefined);
    assert.equal(context.warnings, []);
  }));

test.run();
