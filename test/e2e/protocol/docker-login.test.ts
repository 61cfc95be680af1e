import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, answered, credential, helper, notFound, nothing } from '../../support/helper.ts';
import { inHome, snapshot, writeIdentity } from '../../support/home.ts';

const test = suite('credentials of docker login');

const users = [
  'iamapikey',
  'iamrefresh',
  'iambearer',
  'Profile-0e9a7f3c-52c6-4a1b-9e45-6f1f2d3c4b5a',
  'cp',
  'token',
  '<token>',
  'somebody@example.com',
  'Grüße 🐳 "quoted" \\',
];

for (const user of users) {
  test(`stores and returns the user name ${user}`, () =>
    inHome((home) => {
      const secret = 'canary \\ " ü 🐳 </script>';
      assert.equal(helper(home, 'store', credential('us.icr.io', user, secret)), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io'), answered(answer('us.icr.io', user, secret)));
      assert.is(helper(home, 'list').stdout, `${JSON.stringify({ 'us.icr.io': user })}\n`);
    }));
}

/** Sources of an API key; each returns the secret `canary-root` for us.icr.io. */
const roots: readonly [name: string, env: Record<string, string>, identity: boolean][] = [
  ['an identity for every host', {}, true],
  ['DOCKER_CREDENTIAL_ICR_API_KEY', { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-root' }, false],
  ['IBMCLOUD_API_KEY', { IBMCLOUD_API_KEY: 'canary-root' }, false],
];
const root = answered(answer('us.icr.io', 'iamapikey', 'canary-root'));
const identityToken = credential('us.icr.io', '<token>', 'canary-identity-token');

for (const [name, env, identity] of roots) {
  test(`docker login without input stores nothing if the source is ${name}`, () =>
    inHome((home) => {
      if (identity) writeIdentity(home);
      const before = snapshot(home.folder);
      assert.equal(helper(home, 'get', 'us.icr.io', { env }), root);
      assert.equal(helper(home, 'store', root.stdout, { env }), nothing);
      assert.equal(helper(home, 'store', identityToken, { env }), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io', { env }), root);
      assert.equal(snapshot(home.folder), before);
    }));
}

test('docker login without input keeps the stored credential', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-root'));
    assert.equal(helper(home, 'store', root.stdout), nothing);
    assert.equal(helper(home, 'store', identityToken), nothing);
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

/** Credentials that are typed for a host to which an identity with the API key `canary-root` is mapped. */
const typed: readonly [user: string, secret: string, mapping: string][] = [
  ['iamapikey', 'canary-2', '*'],
  ['iamapikey', 'canary-2', 'us.icr.io'],
  ['iambearer', 'canary-2', '*'],
  ['cp', 'canary-2', '*'],
  ['somebody', 'canary-root', '*'],
];

for (const [user, secret, mapping] of typed) {
  test(`store: fails for ${user} ${secret} if an identity is mapped to ${mapping}`, () =>
    inHome((home) => {
      writeIdentity(home, 'canary-root', { [mapping]: { identity: 'work' } });
      const before = snapshot(home.folder);
      const login = credential('us.icr.io', user, secret);
      const { stdout, stderr, status } = helper(home, 'store', login);
      assert.is(status, 1);
      const message = 'us.icr.io still uses identity work; this credential was not stored';
      assert.ok(stdout.startsWith(`${message}; run docker-credential-icr login us.icr.io`), stdout);
      assert.ok(stderr.startsWith(`docker-credential-icr: ${message}\nhint: run `), stderr);
      assert.not.match(stdout + stderr, 'canary');
      assert.equal(snapshot(home.folder), before);
      assert.equal(helper(home, 'get', 'us.icr.io'), root);
      assert.equal(helper(home, 'store', root.stdout), nothing);
      helper(home, 'erase', 'us.icr.io');
      assert.equal(helper(home, 'store', login), nothing);
      assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io', user, secret));
    }));
}

test('store: warns if DOCKER_CREDENTIAL_ICR_API_KEY has precedence', () =>
  inHome((home) => {
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-root' };
    const login = credential('us.icr.io', 'iamapikey', 'canary-2');
    const { stderr, ...rest } = helper(home, 'store', login, { env });
    assert.equal(rest, { stdout: '', status: 0 });
    assert.match(stderr, /still uses DOCKER_CREDENTIAL_ICR_API_KEY, .*\nhint: run unset /);
    assert.equal(helper(home, 'get', 'us.icr.io', { env }), root);
    assert.is(helper(home, 'get', 'us.icr.io').stdout, `${login}\n`);
  }));

test('store: warns about an identity token if there are several identities', () =>
  inHome((home) => {
    writeIdentity(home);
    const file = path.join(home.config, 'config.json');
    const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
    settings.identities.other = { kind: 'api-key', secretSetAt: 0 };
    fs.writeFileSync(file, JSON.stringify(settings));
    const { stderr, ...rest } = helper(home, 'store', identityToken);
    assert.equal(rest, { stdout: '', status: 0 });
    assert.match(
      stderr,
      /us\.icr\.io uses identity work, whichever key was used for this login\nhint: run /,
    );
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

test('stores, replaces and returns an identity token without an API key', () =>
  inHome((home) => {
    for (const token of ['canary-1', 'canary-2']) {
      assert.equal(helper(home, 'store', credential('us.icr.io', '<token>', token)), nothing);
      assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io', '<token>', token));
    }
  }));

test('an API key replaces an identity token', () =>
  inHome((home) => {
    helper(home, 'store', identityToken);
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-root'));
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

test('a later identity has precedence over a stored identity token', () =>
  inHome((home) => {
    helper(home, 'store', identityToken);
    const env = { IBMCLOUD_API_KEY: 'canary-root' };
    assert.equal(helper(home, 'get', 'us.icr.io', { env }), root);
    writeIdentity(home);
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

test('podman login replaces a stored key: get, then store', () =>
  inHome((home) => {
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-old'));
    helper(home, 'get', 'us.icr.io');
    assert.equal(
      helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-root')),
      nothing,
    );
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

/** What is used for cp.icr.io beside an entitlement key of `docker login`. */
const besides: readonly [name: string, env: Record<string, string>, identity: boolean][] = [
  ['nothing', {}, false],
  ['an API key for every host', {}, true],
  ['DOCKER_CREDENTIAL_ICR_API_KEY', { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-root' }, false],
  ['IBMCLOUD_API_KEY', { IBMCLOUD_API_KEY: 'canary-root' }, false],
];

for (const [name, env, identity] of besides) {
  test(`docker login cp.icr.io: the entitlement key is used beside ${name}`, () =>
    inHome((home) => {
      if (identity) writeIdentity(home);
      const spellings = [
        'cp.icr.io',
        'https://cp.icr.io',
        'CP.icr.io.',
        'cp.icr.io:443',
        'cp.icr.io/cp/image',
      ];
      for (const [user, secret] of [
        ['cp', 'canary-key'],
        ['<token>', 'canary-token'],
      ] as const) {
        for (const spelling of spellings) {
          assert.equal(helper(home, 'store', credential(spelling, user, secret), { env }), nothing);
          assert.equal(
            helper(home, 'get', spelling, { env }),
            answered(answer(spelling, user, secret)),
          );
        }
        assert.is(JSON.parse(helper(home, 'list', '', { env }).stdout)['cp.icr.io'], user);
        if (name !== 'nothing') assert.equal(helper(home, 'get', 'us.icr.io', { env }), root);
        assert.equal(helper(home, 'erase', 'cp.icr.io', { env }), nothing);
      }
    }));
}

test.run();
