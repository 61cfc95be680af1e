import fs from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSettings } from '../../src/config/read-settings.ts';
import { noSettings } from '../../src/config/settings.ts';
import { updateSettings } from '../../src/config/write.ts';
import { mapHost, unmapHost } from '../../src/identity/identities.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { identityNamed } from '../../src/identity/mapping.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { fails, rejects } from '../support/rejects.ts';

const test = suite('settings');

const full = {
  identities: {
    work: { kind: 'api-key', secretSetAt: 0 },
    all: {
      kind: 'trusted-profile',
      secretSetAt: 1,
      present: 'iambearer',
      profile: 'Profile-1',
      owner: 'me',
      account: 'a',
      expiresAt: 2,
      minLifetimeMs: 3,
    },
  },
  mappings: {
    '*': { identity: 'work' },
    'us.icr.io/ns': { identity: 'all', present: 'iambearer', minLifetimeMs: 0 },
  },
  iamEndpoint: 'https://iam.test.cloud.ibm.com',
  ibmcloudSession: true,
  computeProfile: 'Profile-1',
};

const readable: readonly [name: string, text: string, settings: object][] = [
  ['an empty object', '{}', noSettings],
  ['only identities', '{"identities":{}}', noSettings],
  ['all members', JSON.stringify(full), full],
  ['an unknown member', '{"later":1}', { ...noSettings, later: 1 }],
];

for (const [name, text, settings] of readable) {
  test(`${name} is read`, () =>
    inHome((home) => {
      writeConfig(home, 'config.json', text);
      assert.equal(readSettings(testContext(home)), settings);
    }));
}

test('returns no settings without a file, directory or home', () =>
  inHome((home) => {
    assert.equal(readSettings(testContext(home)), noSettings);
    assert.equal(readSettings(testContext()), noSettings);
  }));

const identity = full.identities.all;
const unusable: readonly unknown[] = [
  null,
  1,
  [],
  { ...identity, kind: 'toString' },
  { ...identity, kind: 'a-later-kind', more: { canary: [1] } },
  { ...identity, kind: undefined },
  { ...identity, secretSetAt: '0' },
  { ...identity, since: 0, secretSetAt: null },
  { ...identity, expiresAt: 'soon' },
  { ...identity, minLifetimeMs: '30m' },
  { ...identity, present: '' },
  { ...identity, profile: 1 },
  { ...identity, owner: {} },
  { ...identity, account: [] },
];

for (const entry of unusable) {
  test(`one identity that cannot be used: ${JSON.stringify(entry)}`, () =>
    inHome(async (home) => {
      const context = testContext(home);
      const identities = { ...full.identities, odd: entry };
      const mappings = { ...full.mappings, 'uk.icr.io': { identity: 'odd' } };
      const file = writeConfig(
        home,
        'config.json',
        JSON.stringify({ ...full, identities, mappings }),
      );
      const before = JSON.parse(fs.readFileSync(file, 'utf8'));
      await mapHost(context, 'de.icr.io', { identity: 'work' });
      const added = { 'de.icr.io': { identity: 'work' } };
      const after = { ...before, mappings: { ...before.mappings, ...added } };
      assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')), after);
      await rejects(mapHost(context, 'uk.icr.io', { identity: 'odd' }), 'misconfigured');
      const { hint } = await rejects(identityNamed(lookupIn(context), 'odd'), 'misconfigured');
      assert.match(hint ?? '', /^update docker-credential-icr/);
    }));
}

for (const entry of [null, {}, 'work', { identity: 1 }, { identity: 'work', present: null }]) {
  test(`one mapping that cannot be used: ${JSON.stringify(entry)}`, () =>
    inHome(async (home) => {
      const context = testContext(home);
      const mappings = { ...full.mappings, 'uk.icr.io': entry };
      const file = writeConfig(home, 'config.json', JSON.stringify({ ...full, mappings }));
      await mapHost(context, 'de.icr.io', { identity: 'work' });
      const written = JSON.parse(fs.readFileSync(file, 'utf8'));
      assert.equal(written.mappings['uk.icr.io'], entry);
      await unmapHost(context, 'uk.icr.io');
      assert.not('uk.icr.io' in readSettings(context).mappings);
    }));
}

const damaged: readonly object[] = [
  { identities: [] },
  { mappings: 'work' },
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

test('settings survive a round trip, and invalid settings are not written', () =>
  inHome(async (home: Home) => {
    const context = testContext(home);
    writeConfig(home, 'config.json', JSON.stringify({ ...full, later: [1] }));
    await updateSettings(context, (current) => ({ ...current, computeProfile: 'Profile-2' }));
    assert.equal(readSettings(context), { ...full, later: [1], computeProfile: 'Profile-2' });
    await rejects(
      updateSettings(context, (current) => ({ ...current, iamEndpoint: '' })),
      'misconfigured',
    );
    assert.is(readSettings(context).computeProfile, 'Profile-2');
  }));

test.run();
