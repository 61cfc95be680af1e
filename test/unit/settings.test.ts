import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSettings } from '../../src/config/read-settings.ts';
import { noSettings } from '../../src/config/settings.ts';
import { updateSettings } from '../../src/config/write.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { fails, rejects } from '../support/rejects.ts';

const test = suite('settings');

const full = {
  identities: {
    work: { kind: 'api-key', since: 0 },
    all: {
      kind: 'trusted-profile',
      since: 1,
      present: 'iambearer',
      profile: 'Profile-1',
      owner: 'me',
      account: 'a',
      expiresAt: 2,
    },
  },
  mappings: {
    '*': { identity: 'work' },
    'us.icr.io/ns': { identity: 'all', present: 'iambearer' },
  },
  iamEndpoint: 'https://iam.test.cloud.ibm.com',
  ibmcloudSession: true,
  computeProfile: 'Profile-1',
};

const readable: readonly [name: string, text: string, settings: object][] = [
  ['an empty object', '{}', noSettings],
  ['identities alone', '{"identities":{}}', noSettings],
  ['everything', JSON.stringify(full), full],
  ['a later member', '{"later":1}', { ...noSettings, later: 1 }],
];

for (const [name, text, settings] of readable) {
  test(`${name} is read`, () =>
    inHome((home) => {
      writeConfig(home, 'config.json', text);
      assert.equal(readSettings(testContext(home)), settings);
    }));
}

test('no file, no folder, no home: no settings', () =>
  inHome((home) => {
    assert.equal(readSettings(testContext(home)), noSettings);
    assert.equal(readSettings(testContext()), noSettings);
  }));

const identity = full.identities.all;
const damaged: readonly object[] = [
  { identities: [] },
  { identities: { work: null } },
  { identities: { work: { ...identity, kind: 'toString' } } },
  { identities: { work: { ...identity, kind: undefined } } },
  { identities: { work: { ...identity, since: '0' } } },
  { identities: { work: { ...identity, expiresAt: 'soon' } } },
  { identities: { work: { ...identity, present: '' } } },
  { identities: { work: { ...identity, profile: 1 } } },
  { identities: { work: { ...identity, owner: {} } } },
  { identities: { work: { ...identity, account: [] } } },
  { identities: { __proto__: null, work: identity, other: 1 } },
  { mappings: 'work' },
  { mappings: { '*': {} } },
  { mappings: { '*': { identity: 1 } } },
  { mappings: { '*': { identity: 'work', present: null } } },
  { iamEndpoint: '' },
  { ibmcloudSession: 1 },
  { computeProfile: null },
];

for (const settings of damaged) {
  const text = JSON.stringify(settings);
  test(`damaged: ${text}`, () =>
    inHome(async (home) => {
      const file = writeConfig(home, 'config.json', text);
      const context = testContext(home);
      const { message } = fails(() => readSettings(context), 'damaged');
      assert.ok(message.includes(file), message);
      await rejects(
        updateSettings(context, (current) => current),
        'damaged',
      );
    }));
}

test('what is written is read again, and what is written is what the schema allows', () =>
  inHome(async (home: Home) => {
    const context = testContext(home);
    writeConfig(home, 'config.json', JSON.stringify({ ...full, later: [1] }));
    await updateSettings(context, (current) => ({ ...current, computeProfile: 'Profile-2' }));
    assert.equal(readSettings(context), { ...full, later: [1], computeProfile: 'Profile-2' });
    await rejects(
      updateSettings(context, (current) => ({ ...current, iamEndpoint: '' })),
      'storage',
    );
    assert.is(readSettings(context).computeProfile, 'Profile-2');
  }));

test.run();
