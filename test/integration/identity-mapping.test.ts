import fs from 'node:fs';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { refused } from '../support/helper.ts';
import { snapshot, writeConfig } from '../support/home.ts';
import {
  addIdentity,
  changeSettings,
  forEach,
  inCloud,
  newKey,
  refusal,
  settingsOf,
} from './identity-cloud.ts';

const test = sandboxSuite('identity mappings');

test('get: uses the longest match', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say, get, call } = person;
    const every = addIdentity(person, 'every');
    const work = addIdentity(person, 'work');
    const prod = addIdentity(person, 'prod');
    const other = addIdentity(person, 'other');
    await say('map * every');
    await say('map us.icr.io work');
    await say('map us.icr.io/team-a prod');
    await say('map https://de.icr.io/v2/team-a/image other');
    const rows = [
      ['us.icr.io', work],
      ['https://US.icr.io/v2/', work],
      ['us.icr.io/team-a/image', prod],
      ['us.icr.io/team-a', prod],
      ['https://us.icr.io/v2/team-a/image:1', prod],
      ['us.icr.io/team-ab/image', work],
      ['us.icr.io/team/a', work],
      ['de.icr.io', every],
      ['de.icr.io/team-a/image', other],
      ['de.icr.io/team-b/image', every],
      ['private.us.icr.io/team-a/image', every],
      ['new.icr.io', every],
    ] as const;
    await forEach(rows, async ([host, key]) => assert.is((await get(host)).secret, key, host));

    await say('unmap us.icr.io');
    assert.is((await get('us.icr.io')).secret, every);
    assert.is((await get('us.icr.io/team-a/image')).secret, prod);
    await say('unmap *');
    assert.is((await call('get', 'us.icr.io')).status, 1);
    assert.is((await get('us.icr.io/team-a/image')).secret, prod);
  }));

test('status: shows hosts, namespaces and their presentation', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    addIdentity(person, 'prod');
    await person.say('map us.icr.io work');
    await person.say('map us.icr.io/team-a prod --present iambearer');
    const words = (await person.say('status')).split('\n').map((line) => line.split(/ {2,}/));
    assert.equal(words.slice(1, 3), [
      ['us.icr.io', 'ok', 'work', 'iamapikey', 'file store', '-', '-'],
      ['us.icr.io/team-a', 'ok', 'prod', 'iambearer', 'file store', '-', 'none'],
    ]);
    const { hosts } = JSON.parse(await person.say('status --json'));
    assert.is(hosts.length, 2);
    assert.is(hosts[1].host, 'us.icr.io/team-a');
    assert.is(hosts[1].identity, 'prod');
    assert.is(await person.say('list'), '{"us.icr.io":"iamapikey"}\n', 'clients know hosts only');
  }));

const badName = [
  'invalid identity name',
  'use letters, digits, dots, hyphens, underscores and slashes, at most 128 characters',
] as const;
const refusals: readonly [words: string, line: string, hint?: string][] = [
  ['map us.icr.io nobody', 'unknown identity; existing identities: work'],
  ['map us.icr.io WORK', 'unknown identity; existing identities: work'],
  ['map us.icr.io constructor', 'unknown identity; existing identities: work'],
  [
    'map quay.io work',
    'quay.io is not a host of IBM Cloud Container Registry',
    'use a host that ends in icr.io',
  ],
  ['unmap us.icr.io', 'us.icr.io has no mapping', 'run docker-credential-icr status'],
  ['unmap *', '* has no mapping', 'run docker-credential-icr status'],
  [
    'login --identity Work --api-key-stdin --no-verify',
    'identity Work differs from the existing identity work only in case',
    'use work, or another name',
  ],
  ['login --identity ../work --api-key-stdin --no-verify', ...badName],
  ['login --identity= --api-key-stdin --no-verify', ...badName],
  [
    'token --identity nobody',
    'identity nobody does not exist',
    'run docker-credential-icr login --identity nobody',
  ],
];

test('map: suggests login without identities', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    assert.equal(
      await person.call('map us.icr.io work'),
      refusal(
        'unknown identity; existing identities: none',
        'run docker-credential-icr login --identity NAME',
      ),
    );
  }));

test('refused commands change nothing', ({ sandbox }) =>
  forEach(refusals, ([words, line, hint]) =>
    inCloud(sandbox, async (person) => {
      addIdentity(person, 'work');
      // The lock directory counts its holders.
      const entries = () =>
        Object.entries(snapshot(person.home.config)).filter(([name]) => !/^config.lock/.test(name));
      const before = entries();
      assert.equal(await person.call(words, newKey()), refusal(line, hint), words);
      assert.equal(entries(), before, words);
    }),
  ));

test('get: reports a mapping to a missing identity with a hint', ({ sandbox }) =>
  inCloud(sandbox, async ({ home, call }) => {
    const mappings = { '*': { identity: 'gone' }, 'de.icr.io': { identity: 'work' } };
    const identities = { work: { kind: 'api-key', secretSetAt: 0 } } as const;
    changeSettings(home, () => ({ identities, mappings }));
    assert.equal(
      await call('get', 'us.icr.io'),
      refused(
        'us.icr.io: the mapping uses identity gone, which does not exist; run docker-credential-icr login --identity gone',
      ),
    );
    assert.equal(
      await call('get', 'de.icr.io'),
      refused(
        'de.icr.io: the secret of identity work is missing; run docker-credential-icr login --identity work',
      ),
    );
  }));

const damaged = [
  '',
  '{',
  '[]',
  'null',
  '"canary"',
  '{"mappings":[]}',
  '{"ibmcloudSession":"on"}',
  '{"computeProfile":7}',
  '{"iamEndpoint":{}}',
];

test('reports a damaged config.json and does not change it', ({ sandbox }) =>
  forEach(damaged, (text) =>
    inCloud(sandbox, async ({ home, call }) => {
      const file = writeConfig(home, 'config.json', text);
      const line = `the settings in ${file} are damaged`;
      const hint = 'fix that file, or move it away and run docker-credential-icr login';
      assert.equal(await call('get', 'us.icr.io'), refused(`us.icr.io: ${line}; ${hint}`), text);
      for (const words of text.startsWith('{"m') ? ['map us.icr.io work', 'token'] : []) {
        assert.equal(await call(words), refusal(line, hint), words);
      }
      assert.is(fs.readFileSync(file, 'utf8'), text);
    }),
  ));

test('concurrent map, login and unmap lose no change', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const work = addIdentity(person, 'work');
    addIdentity(person, 'prod');
    await person.say('map us.icr.io/old work');
    const logins = Array.from({ length: 4 }, (_, i) => [`new-${i}`, newKey()] as const);
    const numbers = Array.from({ length: 16 }, (_, i) => i);
    await Promise.all([
      person.say('unmap us.icr.io/old'),
      ...numbers.map((i) => person.say(`map us.icr.io/ns-${i} ${i % 2 ? 'work' : 'prod'}`)),
      ...logins.map(([name, key]) =>
        person.say(`login de.icr.io/${name} --identity ${name} --api-key-stdin --no-verify`, key),
      ),
    ]);
    const { identities, mappings } = settingsOf(person.home);
    assert.is(Object.keys(identities).length, 2 + logins.length);
    assert.is(Object.keys(mappings).length, numbers.length + logins.length);
    assert.is((await person.get('us.icr.io/ns-15/image')).secret, work);
    await forEach(logins, async ([name, key]) =>
      assert.is((await person.get(`de.icr.io/${name}/image`)).secret, key),
    );
    assert.is(fs.statSync(`${person.home.config}/config.json`).mode & 0o777, 0o600);
  }));

test.run();
