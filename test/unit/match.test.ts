import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostKey, isIbmHost, retiredHosts } from '../../src/registry/match.ts';
import { privateHosts, publicHosts } from '../../src/registry/regions.ts';
import { hostOf } from '../support/host.ts';

const test = suite('IBM host classification');

const ibm = [
  ...publicHosts,
  ...privateHosts,
  'cp.icr.io',
  'stg.icr.io',
  'fr2.icr.io',
  'not-yet-built.icr.io',
  'a.b.c.icr.io',
  'registry.bluemix.net',
  'registry.ng.bluemix.net',
  'registry.eu-gb.bluemix.net',
  'registry.eu-de.bluemix.net',
  'registry.au-syd.bluemix.net',
];

for (const host of ibm) test(`${host} is IBM’s`, () => assert.ok(isIbmHost(hostOf(host))));

const others = [
  'icr.io.evil.example',
  'evilicr.io',
  'xicr.io',
  'icr.iox',
  'icr-io',
  'io',
  'bluemix.net',
  'ng.bluemix.net',
  'registry.bluemix.net.evil.example',
  'evilregistry.bluemix.net',
  'registry.evilbluemix.net',
  'registry.evil.bluemix.net',
  'registry.a.b.ng.bluemix.net',
  'registry.us-south.bluemix.net',
  'registry.jp-tok.bluemix.net',
  'registry.ng.ng.bluemix.net',
  'private.registry.bluemix.net',
  'ng.registry.bluemix.net',
  'registry.bluemix.net.icr.example',
  'evil.example/us.icr.io',
  'evil.example:443/.icr.io',
  'localhost',
  '[::1]',
];

for (const host of others) test(`${host} is not`, () => assert.not.ok(isIbmHost(hostOf(host))));

const keys: readonly [text: string, key: string][] = [
  ['us.icr.io', 'us.icr.io'],
  ['http://US.icr.io.:5000/ns/image', 'us.icr.io'],
  ['registry.example', 'registry.example'],
  ['https://registry.example:443/v2/', 'registry.example'],
  ['http://registry.example:80', 'registry.example'],
  ['registry.example:5000', 'registry.example:5000'],
  ['[::1]:5000', '[::1]:5000'],
  ['https://index.docker.io/v1/', 'index.docker.io'],
  ['https://index.docker.io/v1/access-token', 'index.docker.io/access-token'],
  ['registry.example:5000/ns/image', 'registry.example:5000/ns'],
];

for (const [text, key] of keys) {
  test(`${text} is stored as ${key}`, () => {
    assert.is(hostKey(hostOf(text)), key);
    assert.is(hostKey(hostOf(key)), key);
  });
}

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);

test('accepts only the five retired names in bluemix.net', () => {
  const property = fc.property(fc.array(label, { maxLength: 3 }), (labels) => {
    const name = ['registry', ...labels, 'bluemix.net'].join('.');
    assert.is(isIbmHost(hostOf(name)), retiredHosts.includes(name));
  });
  fc.assert(property);
  assert.is(retiredHosts.length, 5);
});

test.run();
