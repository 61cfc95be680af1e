import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSettings } from '../../src/config/read-settings.ts';
import { HelperError } from '../../src/errors.ts';
import { moveSecrets } from '../../src/secrets/move.ts';
import { storeIn } from '../../src/secrets/secret-store.ts';
import type { Credential, SecretKey } from '../../src/secrets/store-types.ts';
import { answerTo, inWorld } from '../support/keychains.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('store move');

const work: SecretKey = { of: 'identity', name: 'work' };
const host: SecretKey = { of: 'host', name: 'us.icr.io' };
const credential: Credential = { ServerURL: 'x', Username: 'me', Secret: 'canary' };
const settings = { identities: { work: { kind: 'api-key', since: 0 } }, mappings: {} };
const inVault = { store: 'vault' };

test('to a keychain and back', () =>
  inWorld(settings, async ({ context, kept, home }) => {
    storeIn(context, {}).write(work, { ...credential, Secret: 'canary-1' });
    storeIn(context, {}).write(host, { ...credential, Secret: 'canary-2' });
    assert.is(await moveSecrets(context, 'vault'), 2);
    assert.is(kept.size, 2);
    assert.equal(storeIn(context, {}).names('host'), []);
    assert.equal(storeIn(context, {}).names('identity'), []);
    const { store, previousStore } = readSettings(context);
    assert.equal([store, previousStore], ['vault', undefined]);
    assert.is(await moveSecrets(context, 'vault'), 0);
    assert.is(await moveSecrets(context, 'file'), 2);
    assert.is(kept.size, 0);
    assert.is(storeIn(context, {}).read(work)?.Secret, 'canary-1');
    assert.is(readSettings(context).store, 'file');
    assert.ok(fs.existsSync(path.join(home.config, 'identities', 'work.json')));
  }));

test('to the store in use, which the settings do not name yet', () =>
  inWorld(settings, async ({ context }) => {
    assert.is(await moveSecrets(context, 'file'), 0);
    assert.is(readSettings(context).store, 'file');
  }));

test('from a store without the secret of an identity fails and changes nothing', () =>
  inWorld(settings, async ({ context, kept }) => {
    await rejects(moveSecrets(context, 'vault'), 'storage', /work/);
    assert.is(kept.size, 0);
    const { store, previousStore } = readSettings(context);
    assert.equal([store, previousStore], [undefined, undefined]);
  }));

test('from an empty keychain tries it first', () =>
  inWorld({ ...settings, identities: {}, ...inVault }, async ({ context, answers }) => {
    answers.get = () => [1, 'locked'];
    await rejects(moveSecrets(context, 'file'), 'storage', /locked/);
    assert.is(readSettings(context).store, 'vault');
  }));

test('to a keychain that fails removes the copies', () =>
  inWorld(settings, async ({ context, kept, answers }) => {
    storeIn(context, {}).write(work, credential);
    storeIn(context, {}).write(host, credential);
    answers.store = (input) =>
      input.includes('/host/') ? [1, 'full'] : answerTo(kept, 'store', input);
    await rejects(moveSecrets(context, 'vault'), 'storage', /full/);
    assert.is(kept.size, 0);
    const { store, previousStore } = readSettings(context);
    assert.equal([store, previousStore], [undefined, undefined]);
    assert.equal(storeIn(context, {}).read(host), credential);
  }));

test('says what to run if the old store cannot be emptied', () =>
  inWorld({ ...settings, ...inVault }, async ({ context, answers }) => {
    storeIn(context, inVault).write(work, credential);
    answers.erase = () => [1, 'locked'];
    const { message, hint } = await rejects(moveSecrets(context, 'file'), 'storage');
    assert.match(message, /^secrets are stored in \S.*, but vault is not empty: \S/);
    assert.is(
      hint,
      'unlock it if it is locked, then run docker-credential-icr store move file again',
    );
    const { store, previousStore } = readSettings(context);
    assert.equal([store, previousStore], ['file', 'vault']);
  }));

test('says what to run if the files cannot be removed', () =>
  inWorld(settings, async ({ context }) => {
    storeIn(context, {}).write(work, credential);
    const fault = Object.assign(new Error('refused'), { code: 'EROFS' });
    const { unlinkSync } = fs;
    fs.unlinkSync = (file) => {
      if (String(file).endsWith('.tmp')) throw fault;
      unlinkSync(file);
    };
    try {
      const { hint } = await rejects(moveSecrets(context, 'vault'), 'storage', /not empty/);
      const first =
        'make its file system writable, or set DOCKER_CREDENTIAL_ICR_CONFIG_DIR and DOCKER_CREDENTIAL_ICR_CACHE_DIR to writable directories';
      assert.is(hint, `${first}, then run docker-credential-icr store move vault again`);
    } finally {
      fs.unlinkSync = unlinkSync;
    }
  }));

test('says what to run if an old store without a hint cannot be emptied', () =>
  inWorld({ ...settings, ...inVault }, async ({ context, answers }) => {
    storeIn(context, inVault).write(work, credential);
    answers.erase = () => {
      throw new HelperError('misconfigured', 'no such program');
    };
    const { hint } = await rejects(moveSecrets(context, 'file'), 'misconfigured');
    assert.is(hint, 'run docker-credential-icr store move file again');
  }));

test('a bug while the old store is emptied is thrown as it is', () =>
  inWorld({ ...settings, ...inVault }, async ({ context, answers }) => {
    storeIn(context, inVault).write(work, credential);
    answers.erase = () => {
      throw new TypeError('a bug');
    };
    assert.is(await moveSecrets(context, 'file').catch(String), 'TypeError: a bug');
  }));

test('empties what an interrupted move has left', () =>
  inWorld({ ...settings, previousStore: 'vault' }, async ({ context, kept }) => {
    storeIn(context, {}).write(work, credential);
    storeIn(context, inVault).write(host, credential);
    assert.is(await moveSecrets(context, 'file'), 0);
    assert.is(kept.size, 0);
    assert.is(readSettings(context).previousStore, undefined);
  }));

test('leaves what an interrupted move has left if the store in use lacks an identity', () =>
  inWorld({ ...settings, previousStore: 'vault' }, async ({ context, kept }) => {
    storeIn(context, inVault).write(work, credential);
    await rejects(moveSecrets(context, 'file'), 'storage', /work/);
    assert.is(kept.size, 1);
  }));

test('warns if the rest of an interrupted move cannot be erased', () =>
  inWorld({ ...settings, previousStore: 'vault' }, async ({ context, answers }) => {
    storeIn(context, {}).write(work, credential);
    answers.list = () => [1, 'locked'];
    assert.is(await moveSecrets(context, 'file'), 0);
    assert.ok(context.warnings.some((line) => line.includes('vault')));
    assert.is(readSettings(context).previousStore, undefined);
  }));

test('a bug is not a warning', () =>
  inWorld({ ...settings, previousStore: 'vault' }, async ({ context, answers }) => {
    storeIn(context, {}).write(work, credential);
    answers.list = () => {
      throw new TypeError('a bug');
    };
    const error = await moveSecrets(context, 'file').catch((reason: unknown) => reason);
    assert.ok(error instanceof TypeError);
  }));

test('does not erase the store in use, though it is named as left over', () =>
  inWorld({ ...settings, previousStore: 'file' }, async ({ context }) => {
    storeIn(context, {}).write(work, credential);
    assert.is(await moveSecrets(context, 'file'), 0);
    assert.equal(storeIn(context, {}).read(work), credential);
    assert.is(readSettings(context).previousStore, undefined);
  }));

test.run();
