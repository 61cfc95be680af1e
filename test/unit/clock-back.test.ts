import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planAndApply } from '../../src/clients/edit-file.ts';
import { updateSettings } from '../../src/config/write.ts';
import { freshToken } from '../../src/iam/cache.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { noon, type TestContext, testContext } from '../support/context.ts';

const test = suite('clock set back by a year');

const year = 365 * 24 * 3600 * 1000;
const hour = 3600 * 1000;

/** Two contexts for one home: before and after the clock was set back. */
async function setBack(
  use: (before: TestContext, after: TestContext, home: string) => void | Promise<void>,
): Promise<void> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-clock-'));
  const env = { HOME: home };
  try {
    await use(testContext({ env }), testContext({ env, now: () => noon - year }), home);
  } finally {
    fs.rmSync(home, { recursive: true });
  }
}

test('get: returns the stored credential, and store replaces it', () =>
  setBack((before, after) => {
    const key = { of: 'host', name: 'us.icr.io' } as const;
    const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' };
    fileStore(before).write(key, credential);
    assert.equal(fileStore(after).read(key), credential);
    fileStore(after).write(key, { ...credential, Secret: 'canary-2' });
    assert.is(fileStore(after).read(key)?.Secret, 'canary-2');
  }));

test('get: ignores a cached token from the future and requests one from IAM', () =>
  setBack(async (before, after, home) => {
    let asked = 0;
    const ask = (context: TestContext) =>
      freshToken(context, {
        folder: path.join(home, 'cache'),
        name: 'work',
        since: 1,
        mint: async () => {
          asked += 1;
          const issuedAt = context.now();
          return { token: `canary-${asked}`, issuedAt, expiresAt: issuedAt + hour };
        },
      });
    await ask(before);
    await ask(before);
    assert.is(asked, 1);
    assert.is((await ask(after)).token, 'canary-2');
    assert.is((await ask(after)).token, 'canary-2');
    assert.is(asked, 2);
  }));

test('changes settings without waiting for an old lock', () =>
  setBack(async (before, after) => {
    const add = (context: TestContext, name: string) =>
      updateSettings(context, (all) => ({
        ...all,
        identities: { ...all.identities, [name]: { kind: 'api-key', secretSetAt: context.now() } },
      }));
    await add(before, 'a');
    // Throws if it has to wait until the lock's time limit.
    await add(after, 'b');
  }));

test('configure: ignores a lock file from the future that a killed process left', () =>
  setBack((_before, after, home) => {
    const file = path.join(home, 'config.json');
    fs.writeFileSync(file, '{}');
    fs.writeFileSync(`${file}.icr-new`, '');
    const plan = { file, before: '{}', after: '{ }', hosts: [], notes: [] };
    assert.is(planAndApply(after, () => plan).changed, true);
    assert.is(fs.readFileSync(file, 'utf8'), '{ }');
  }));

test.run();
