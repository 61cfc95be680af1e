import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, answered, credential, helper, notFound, nothing } from '../../support/helper.ts';
import { inHome, writeIdentity } from '../../support/home.ts';
import { multiLineSecrets } from '../../support/multi-line-secrets.ts';

const test = suite('other registries');

const hub = 'https://index.docker.io/v1/';

/** ServerURLs for which the stored credential is returned, and ServerURLs for which it is not. */
const rows: readonly [stored: string, same: string[], others: string[]][] = [
  [
    hub,
    [
      hub,
      'https://index.docker.io/v1',
      'index.docker.io',
      'index.docker.io:443',
      'http://index.docker.io/v1/',
      'INDEX.docker.io.',
    ],
    [
      'docker.io',
      'registry-1.docker.io',
      'index.docker.io.evil.example',
      'xindex.docker.io',
      'index.docker.io:5000',
    ],
  ],
  [
    'registry.example:5000',
    ['registry.example:5000', 'https://registry.example:5000/v2/', 'Registry.Example:5000'],
    ['registry.example', 'registry.example:5001', 'x.registry.example:5000', 'example:5000'],
  ],
  ['localhost:5000', ['http://localhost:5000'], ['localhost', '127.0.0.1:5000']],
  ['[::1]:5000', ['https://[::1]:5000/'], ['[::1]', '[::2]:5000']],
  ['registry_1', ['registry_1'], ['registry-1']],
  ['constructor', ['constructor'], ['__proto__', 'tostring']],
];

for (const [stored, same, others] of rows) {
  test(`store, get, list and erase: ${stored}`, () =>
    inHome((home) => {
      assert.equal(helper(home, 'store', credential(stored, 'me', 'canary')), nothing);
      assert.equal(helper(home, 'list'), answered(`${JSON.stringify({ [stored]: 'me' })}\n`));
      for (const spelling of [stored, ...same]) {
        assert.is(helper(home, 'get', spelling).stdout, answer(spelling, 'me', 'canary'));
      }
      for (const other of others) {
        assert.equal(helper(home, 'get', other), notFound);
        assert.equal(helper(home, 'erase', other), nothing);
      }
      assert.is(helper(home, 'get', stored).status, 0);
      assert.equal(helper(home, 'erase', same[0]), nothing);
      assert.equal(helper(home, 'get', stored), notFound);
    }));
}

for (const [name, secret] of multiLineSecrets) {
  test(`store, get, list: returns a secret unchanged: ${name}`, () =>
    inHome((home) => {
      const stored = credential('gcr.io', '_json_key', secret);
      for (const input of [stored, `${stored}\n`, JSON.stringify(JSON.parse(stored), null, 1)]) {
        assert.equal(helper(home, 'store', input), nothing);
        assert.is(helper(home, 'get', 'gcr.io').stdout, answer('gcr.io', '_json_key', secret));
        assert.equal(helper(home, 'list'), answered('{"gcr.io":"_json_key"}\n'));
        assert.equal(helper(home, 'erase', 'gcr.io'), nothing);
      }
    }));
}

test('get: does not use identities or API keys', () =>
  inHome((home) => {
    writeIdentity(home);
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary', IBMCLOUD_API_KEY: 'canary' };
    for (const host of [hub, 'docker.io', 'registry.example:5000', 'localhost']) {
      assert.equal(helper(home, 'get', host, { env }), notFound);
    }
  }));

test('store: accepts an identity token', () =>
  inHome((home) => {
    helper(home, 'store', credential('registry.example', '<token>', 'canary'));
    assert.is(
      helper(home, 'get', 'registry.example').stdout,
      answer('registry.example', '<token>'),
    );
  }));

test('docker login of Docker Hub in a browser stores three credentials', () =>
  inHome((home) => {
    const kept = [`${hub}access-token`, `${hub}refresh-token`, hub];
    for (const [index, key] of kept.entries()) {
      assert.equal(helper(home, 'store', credential(key, 'me', `canary-${index}`)), nothing);
    }
    for (const [index, key] of kept.entries()) {
      assert.is(helper(home, 'get', key).stdout, answer(key, 'me', `canary-${index}`));
    }
    assert.equal(Object.keys(JSON.parse(helper(home, 'list').stdout)).sort(), [...kept].sort());
    helper(home, 'erase', `${hub}refresh-token`);
    assert.equal(helper(home, 'get', `${hub}refresh-token`), notFound);
    assert.is(helper(home, 'get', hub).stdout, answer(hub, 'me', 'canary-2'));
  }));

test('go-containerregistry calls get for the repository, then for the host', () =>
  inHome((home) => {
    helper(home, 'store', credential(hub, 'me', 'canary'));
    assert.equal(helper(home, 'get', 'index.docker.io/library/busybox'), notFound);
    assert.is(helper(home, 'get', hub).stdout, answer(hub, 'me', 'canary'));
  }));

test.run();
