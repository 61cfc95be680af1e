import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, answered, credential, helper, notFound, nothing } from '../../support/helper.ts';
import { inHome, snapshot, writeIdentity } from '../../support/home.ts';

const test = suite('what docker login stores');

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
  test(`${user} is stored and returned`, () =>
    inHome((home) => {
      const secret = 'canary \\ " ü 🐳 </script>';
      assert.equal(helper(home, 'store', credential('us.icr.io', user, secret)), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io'), answered(answer('us.icr.io', user, secret)));
      assert.is(helper(home, 'list').stdout, `${JSON.stringify({ 'us.icr.io': user })}\n`);
    }));
}

/** Where a root secret may be; each answers for us.icr.io with the secret `canary-root`. */
const roots: readonly [name: string, env: Record<string, string>, identity: boolean][] = [
  ['an identity for every host', {}, true],
  ['DOCKER_CREDENTIAL_ICR_API_KEY', { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-root' }, false],
  ['IBMCLOUD_API_KEY', { IBMCLOUD_API_KEY: 'canary-root' }, false],
];
const root = answered(answer('us.icr.io', 'iamapikey', 'canary-root'));
const identityToken = credential('us.icr.io', '<token>', 'canary-identity-token');

for (const [name, env, identity] of roots) {
  test(`docker login with nothing typed keeps ${name}`, () =>
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

test('docker login with nothing typed keeps what was stored before', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-root'));
    assert.equal(helper(home, 'store', root.stdout), nothing);
    assert.equal(helper(home, 'store', identityToken), nothing);
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

test('another key for a host with an identity is kept, and said to be no use yet', () =>
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

test('an identity token alone is kept, renewed and returned as it came', () =>
  inHome((home) => {
    for (const token of ['canary-1', 'canary-2']) {
      assert.equal(helper(home, 'store', credential('us.icr.io', '<token>', token)), nothing);
      assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io', '<token>', token));
    }
  }));

test('a root secret takes the place of an identity token', () =>
  inHome((home) => {
    helper(home, 'store', identityToken);
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-root'));
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

test('an identity that comes later answers before an identity token', () =>
  inHome((home) => {
    helper(home, 'store', identityToken);
    const env = { IBMCLOUD_API_KEY: 'canary-root' };
    assert.equal(helper(home, 'get', 'us.icr.io', { env }), root);
    writeIdentity(home);
    assert.equal(helper(home, 'get', 'us.icr.io'), root);
  }));

test('podman login over a stored key: get, then store of the new one', () =>
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
