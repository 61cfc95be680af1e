import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { publicHosts } from '../../../src/registry/regions.ts';
import { answered, credential, helper, startHelper } from '../../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('list');

const everywhere = Object.fromEntries(publicHosts.map((host) => [host, 'iamapikey']));

type Setup = (home: Home) => void;
const store =
  (...args: Parameters<typeof credential>): Setup =>
  (home) =>
    helper(home, 'store', credential(...args));

const rows: readonly [name: string, Setup[], env: Record<string, string>, hosts: object][] = [
  ['nothing', [], {}, {}],
  ['one host', [store('us.icr.io')], {}, { 'us.icr.io': 'iamapikey' }],
  ['an identity for every host', [writeIdentity], {}, everywhere],
  ['a key in the environment', [], { IC_API_KEY: 'canary' }, everywhere],
  [
    'an identity and another user',
    [writeIdentity, store('cp.icr.io', 'cp'), store('registry.example:5000', 'me')],
    {},
    { ...everywhere, 'cp.icr.io': 'cp', 'registry.example:5000': 'me' },
  ],
  [
    'mapped hosts',
    [(home) => writeIdentity(home, 'canary', { 'new.icr.io': { identity: 'work' } })],
    {},
    { 'new.icr.io': 'iamapikey' },
  ],
  [
    'a mapping for a namespace only',
    [(home) => writeIdentity(home, 'canary', { 'us.icr.io/ns': { identity: 'work' } })],
    {},
    {},
  ],
  [
    'Docker Hub with Docker’s ServerURL',
    [store('https://index.docker.io/v1/', 'me')],
    {},
    { 'https://index.docker.io/v1/': 'me' },
  ],
];

for (const [name, setups, env, hosts] of rows) {
  test(`${name}: get returns each listed credential`, () =>
    inHome((home) => {
      for (const setUp of setups) setUp(home);
      const { stdout, stderr, status } = helper(home, 'list', '', { env });
      assert.is(status, 0, stdout);
      assert.is(stderr, '');
      assert.not.match(stdout, 'canary');
      const listed: Record<string, string> = JSON.parse(stdout);
      assert.equal(listed, hosts);
      for (const [host, user] of Object.entries(listed)) {
        const got = JSON.parse(helper(home, 'get', host, { env }).stdout);
        assert.equal([got.ServerURL, got.Username], [host, user]);
      }
    }));
}

for (const input of ['', '\n', 'unused', '{}', '\0'.repeat(100)]) {
  test(`does not wait for the end of the input ${JSON.stringify(input.slice(0, 8))}`, () =>
    inHome(async (home) => {
      const { child, outcome } = startHelper(home, 'list');
      child.stdin?.write(input);
      assert.equal(await outcome, answered('{}\n'));
    }));
}

/** File names of other programs in the directory of credentials, which must not be listed. */
const strangers = [
  'us.icr.io',
  'README',
  '.json',
  '.us.icr.io.json',
  'a b.json',
  '%.json',
  'us.icr.io.json.bak',
  '..json',
];

for (const name of strangers) {
  test(`ignores the file ${name}`, () =>
    inHome((home) => {
      helper(home, 'store', credential('de.icr.io'));
      writeConfig(home, `hosts/${name}`, credential('us.icr.io'));
      assert.equal(helper(home, 'list'), answered('{"de.icr.io":"iamapikey"}\n'));
    }));
}

test('does not list a copied file that get does not return', () =>
  inHome((home) => {
    writeConfig(home, 'hosts/registry.example.json', credential('other.example'));
    const listed = Object.keys(JSON.parse(helper(home, 'list').stdout));
    for (const host of listed) assert.is(helper(home, 'get', host).status, 0, host);
  }));

test.run();
