import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, nothing } from '../../support/helper.ts';
import { inHome, snapshot } from '../../support/home.ts';

const test = suite('spellings of one host');

/** Spellings that clients send or users type. */
const spellings = [
  'us.icr.io',
  'US.ICR.IO',
  'us.icr.io.',
  'us.icr.io:443',
  'us.icr.io.:443',
  'us.icr.io/',
  'us.icr.io/v2/',
  'us.icr.io/ns/image',
  'us.icr.io/ns/image:1',
  'us.icr.io/ns/image@sha256:0123456789abcdef',
  'us.icr.io:443/ns/image',
  'http://us.icr.io/',
  'http://us.icr.io',
  'http://us.icr.io:80/',
  'https://us.icr.io',
  'https://us.icr.io/',
  'https://us.icr.io:443',
  'https://us.icr.io:443/v2/',
  'https://us.icr.io/v1/',
  'HTTPS://Us.Icr.Io/V2/',
  'https://us.icr.io/ns/a@b',
];

for (const spelling of spellings) {
  test(`get, store and erase accept ${spelling}`, () =>
    inHome((home) => {
      assert.equal(helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary')), nothing);
      assert.is(helper(home, 'get', spelling).stdout, answer(spelling));
      assert.equal(helper(home, 'store', credential(spelling, 'iamapikey', 'canary-2')), nothing);
      assert.is(
        helper(home, 'get', 'us.icr.io').stdout,
        answer('us.icr.io', 'iamapikey', 'canary-2'),
      );
      assert.is(helper(home, 'list').stdout, '{"us.icr.io":"iamapikey"}\n');
      assert.equal(helper(home, 'erase', spelling), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
      assert.equal(helper(home, 'get', spelling), notFound);
    }));
}

const around = [
  (host: string) => `${host}\n`,
  (host: string) => `${host}\r\n`,
  (host: string) => `\n${host}\n\n`,
  (host: string) => `  ${host}  `,
  (host: string) => `\t${host}\t\n`,
  (host: string) => `\ufeff${host}`,
];

for (const [index, surround] of around.entries()) {
  test(`get and erase ignore characters around the host: ${JSON.stringify(surround('HOST'))} (${index})`, () =>
    inHome((home) => {
      helper(home, 'store', credential('us.icr.io'));
      assert.is(helper(home, 'get', surround('us.icr.io')).stdout, answer('us.icr.io'));
      assert.equal(helper(home, 'erase', surround('us.icr.io')), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    }));
}

test('store ignores spaces around the host', () =>
  inHome((home) => {
    assert.equal(helper(home, 'store', credential('  us.icr.io ')), nothing);
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
  }));

test('get and list change no file', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    const before = snapshot(home.folder);
    for (const verb of ['get', 'list', 'version', 'get']) helper(home, verb, 'us.icr.io');
    helper(home, 'get', 'de.icr.io');
    assert.equal(snapshot(home.folder), before);
  }));

const hosts = [
  'icr.io',
  'us.icr.io',
  'private.us.icr.io',
  'private.icr.io',
  'cp.icr.io',
  'stg.icr.io',
  'new-region.icr.io',
  'registry.bluemix.net',
  'registry.ng.bluemix.net',
];

test('each IBM host has a separate credential', () =>
  inHome((home) => {
    for (const host of hosts)
      helper(home, 'store', credential(host, 'iamapikey', `canary-${host}`));
    for (const host of hosts) {
      assert.is(helper(home, 'get', host).stdout, answer(host, 'iamapikey', `canary-${host}`));
    }
    const listed: unknown = JSON.parse(helper(home, 'list').stdout);
    assert.equal(listed, Object.fromEntries(hosts.map((host) => [host, 'iamapikey'])));
  }));

test.run();
