import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { noSettings, type Settings } from '../../src/config/settings.ts';
import type { Context } from '../../src/context.ts';
import { fromComputeIdentity } from '../../src/identity/compute.ts';
import { fromIbmcloudSession } from '../../src/identity/ibmcloud.ts';
import { type Lookup, lookupIn } from '../../src/identity/lookup.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome } from '../support/home.ts';

const test = suite('sources that are off until they are switched on');

function lookup(given: Partial<Context>, settings: Partial<Settings> = {}): Lookup {
  return { ...lookupIn(testContext(given)), settings: () => ({ ...noSettings, ...settings }) };
}

function writeSession({ folder }: Home, name: string): void {
  fs.mkdirSync(path.join(folder, name), { recursive: true });
  const text = JSON.stringify({ IAMRefreshToken: `canary-${name}` });
  fs.writeFileSync(path.join(folder, name, 'config.json'), text);
}

test('the session is in the home of the platform', () =>
  inHome((home) => {
    writeSession(home, '.bluemix');
    const on = { ibmcloudSession: true };
    const secretIn = (given: Partial<Context>) => fromIbmcloudSession(lookup(given, on))?.secret();
    const { folder } = home;
    assert.is(secretIn({ platform: 'linux', env: { HOME: folder } }), 'canary-.bluemix');
    assert.is(secretIn({ platform: 'win32', env: { USERPROFILE: folder } }), 'canary-.bluemix');
    assert.is(secretIn({ platform: 'win32', env: { HOME: folder } }), undefined);
    assert.is(secretIn({ platform: 'linux', env: {} }), undefined, 'no home at all');
    writeSession(home, '.ibmcloud');
    assert.is(secretIn({ platform: 'linux', env: { HOME: folder } }), 'canary-.ibmcloud');
    assert.is(fromIbmcloudSession(lookup({ env: { HOME: folder } })), undefined, 'off');
  }));

test('the machine is asked nothing until its secret is', () => {
  assert.is(fromComputeIdentity(lookup({})), undefined);
  const found = fromComputeIdentity(lookup({}, { computeProfile: 'Profile-1' }));
  assert.equal(
    [found?.username, found?.isMinted, found?.keptIn, found?.identity],
    ['iambearer', true, 'this machine', undefined],
  );
});

test.run();
