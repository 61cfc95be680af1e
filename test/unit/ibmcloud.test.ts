import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context } from '../../src/context.ts';
import { computeIdentity } from '../../src/identity/compute.ts';
import { foundInSession } from '../../src/identity/ibmcloud.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';

const test = suite('opt-in credential sources');

function writeSession({ folder }: Home, name: string): void {
  fs.mkdirSync(path.join(folder, name), { recursive: true });
  const text = JSON.stringify({ IAMRefreshToken: `canary-${name}` });
  fs.writeFileSync(path.join(folder, name, 'config.json'), text);
}

test('reads the session from the platform’s home directory', () =>
  inHome((home) => {
    writeSession(home, '.bluemix');
    const secretIn = (given: Partial<Context>) => foundInSession(testContext(given))?.secret();
    const { folder } = home;
    assert.is(secretIn({ platform: 'linux', env: { HOME: folder } }), 'canary-.bluemix');
    assert.is(secretIn({ platform: 'win32', env: { USERPROFILE: folder } }), 'canary-.bluemix');
    assert.is(secretIn({ platform: 'win32', env: { HOME: folder } }), undefined);
    assert.is(secretIn({ platform: 'linux', env: {} }), undefined, 'no home at all');
    writeSession(home, '.ibmcloud');
    assert.is(secretIn({ platform: 'linux', env: { HOME: folder } }), 'canary-.ibmcloud');
  }));

test('does not read a session from the current directory', () =>
  inHome((home) => {
    writeSession(home, '.bluemix');
    const before = process.cwd();
    process.chdir(home.folder);
    try {
      for (const name of ['HOME', 'IBMCLOUD_HOME', 'BLUEMIX_HOME', 'IBMCLOUD_CONFIG_HOME']) {
        const value = name === 'IBMCLOUD_CONFIG_HOME' ? '.bluemix' : '.';
        const given = testContext({ platform: 'linux', env: { [name]: value } });
        assert.is(foundInSession(given), undefined, name);
      }
    } finally {
      process.chdir(before);
    }
  }));

test('does not block if the session is not a regular file', () =>
  inHome(({ folder }) => {
    fs.mkdirSync(path.join(folder, '.bluemix'));
    const file = path.join(folder, '.bluemix', 'config.json');
    const given = testContext({ platform: 'linux', env: { HOME: folder } });
    const makers = [() => execFileSync('mkfifo', [file]), () => fs.symlinkSync('/dev/zero', file)];
    for (const make of makers) {
      make();
      fails(() => foundInSession(given), 'damaged', /the ibmcloud session in .* cannot be read/);
      fs.rmSync(file, { recursive: true });
    }
  }));

test('sends no request to the metadata service before the secret is needed', () => {
  const found = computeIdentity(lookupIn(testContext()), 'Profile-1');
  assert.equal(
    [found.username, found.isMinted, found.location, found.identity],
    ['iambearer', true, 'this machine', undefined],
  );
});

test.run();
