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

test('store: warns if the host uses an identity, which has precedence', () =>
  inHome((home) => {
    writeIdentity(home);
    const { stderr, ...rest } = helper(
      home,
      'store',
      credential('us.icr.io', 'iamapikey', 'canary-2'),
    );
    assert.equal(rest, { stdout: '', status: 0 });
    assert.match(
      stderr,
      /^docker-credential-icr: us\.icr\.io still uses identity work, .*\nhint: run .*\n$/,
    );
    assert.not.match(stderr, 'canary');
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
    helper(home, 'erase', 'us.icr.io');
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-2'));
    assert.is(
      helper(home, 'get', 'us.icr.io').stdout,
      answer('us.icr.io', 'iamapikey', 'canary-2'),
    );
  }));

test('stores, replaces and returns an identity token if there is no API key', () =>
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

test.run();
