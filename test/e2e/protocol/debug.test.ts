import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, refused } from '../../support/helper.ts';
import { inHome, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('DOCKER_CREDENTIAL_ICR_DEBUG');

const env = { DOCKER_CREDENTIAL_ICR_DEBUG: '1' };

test('get: prints the host and the sources if no credential is found', () =>
  inHome((home) => {
    const { stderr, ...rest } = helper(home, 'get', 'https://us.icr.io/v2/', { env });
    assert.equal(rest, { stdout: notFound.stdout, status: 1 });
    for (const source of [
      'DOCKER_CREDENTIAL_ICR_API_KEY',
      'mapping',
      'docker login',
      'environment',
    ]) {
      assert.match(stderr, new RegExp(`^docker-credential-icr: us\\.icr\\.io: .*${source}`, 'm'));
    }
    assert.match(stderr, /no source has a credential for us\.icr\.io\n$/);
  }));

test('get: prints that a host is signed out, and DOCKER_CREDENTIAL_ICR_API_KEY is still used', () =>
  inHome((home) => {
    writeIdentity(home);
    helper(home, 'erase', 'us.icr.io');
    const ambient = { ...env, IBMCLOUD_API_KEY: 'canary-environment' };
    const { stderr, ...rest } = helper(home, 'get', 'us.icr.io', { env: ambient });
    assert.equal(rest, { stdout: notFound.stdout, status: 1 });
    assert.match(stderr, /the mapping: skipped: signed out$/m);
    assert.match(stderr, /the environment: skipped: signed out$/m);
    assert.match(
      stderr,
      /us\.icr\.io is signed out, by .*; run docker-credential-icr login us\.icr\.io\n$/,
    );
    const own = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own' };
    const found = helper(home, 'get', 'us.icr.io', { env: own });
    assert.is(found.stdout, answer('us.icr.io', 'iamapikey', 'canary-own'));
  }));

test('get: prints that another registry is not a host of IBM Cloud', () =>
  inHome((home) => {
    const { stderr } = helper(home, 'get', 'registry.example', { env });
    assert.match(stderr, 'registry.example, which is not a host of IBM Cloud');
  }));

for (const value of ['', '0', 'true', '11', undefined]) {
  test(`the value ${value} disables debug output`, () =>
    inHome((home) => {
      const options = { env: { DOCKER_CREDENTIAL_ICR_DEBUG: value } };
      assert.equal(helper(home, 'get', 'us.icr.io', options), notFound);
    }));
}

test('standard output does not change, and debug output contains no secret', () =>
  inHome((home) => {
    const options = { env: { ...env, IBMCLOUD_API_KEY: 'canary-environment' } };
    writeIdentity(home, 'canary-identity', { 'de.icr.io': { identity: 'work' } });
    const stored = credential('us.icr.io', 'iamapikey', 'canary-stored');
    const calls: readonly [verb: string, input: string, stdout: string][] = [
      ['store', stored, ''],
      ['get', 'us.icr.io', `${stored}\n`],
      ['get', 'de.icr.io', answer('de.icr.io', 'iamapikey', 'canary-identity')],
      ['get', 'uk.icr.io', answer('uk.icr.io', 'iamapikey', 'canary-environment')],
      ['erase', 'us.icr.io', ''],
      ['get', 'us.icr.io', notFound.stdout],
      ['store', '{"Secret":"canary"', refused('the input is not JSON').stdout],
      ['get', 'canary:canary@us.icr.io', 'invalid ServerURL: it has a user name before the host\n'],
    ];
    for (const [verb, input, expected] of calls) {
      const { stdout, stderr } = helper(home, verb, input, options);
      assert.is(stdout, expected);
      assert.not.match(stderr, 'canary');
    }
  }));

test('debug output contains no secret of a damaged file', () =>
  inHome((home) => {
    writeConfig(home, 'hosts/us.icr.io.json', '{"Secret":"canary",}');
    writeConfig(home, 'config.json', '{"canary');
    for (const [verb, input] of [
      ['get', 'us.icr.io'],
      ['list', ''],
      ['store', credential('us.icr.io')],
    ] as const) {
      const { stdout, stderr } = helper(home, verb, input, { env });
      assert.not.match(stdout + stderr, 'canary');
    }
  }));

test.run();
