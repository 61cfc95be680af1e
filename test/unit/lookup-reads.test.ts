import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Files } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { findCredential } from '../../src/identity/find.ts';
import { keysOfIdentity, lookupIn } from '../../src/identity/lookup.ts';
import type { SecretStore } from '../../src/secrets/store-types.ts';
import { testContext } from '../support/context.ts';
import { inHome, writeIdentity } from '../support/home.ts';
import { hostOf } from '../support/host.ts';
import { inWorld } from '../support/keychains.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('what a lookup reads');

test('each file is read once for all hosts', () =>
  inHome(async (home) => {
    const reads: string[] = [];
    const files: Files = {
      ...nodeFiles,
      read: (context, file, kind) => {
        reads.push(file);
        return nodeFiles.read(context, file, kind);
      },
    };
    writeIdentity(home);
    const lookup = lookupIn(testContext({ env: home.env, files }));
    for (const host of ['us.icr.io', 'de.icr.io', 'us.icr.io']) {
      await findCredential(lookup, hostOf(host));
    }
    assert.is(reads.filter((file) => file.endsWith('work.json')).length, 1);
    assert.is(reads.filter((file) => file.endsWith('config.json')).length, 1);
  }));

test('asks a keychain that refuses once for each secret', () =>
  inWorld({ identities: {}, mappings: {}, store: 'vault' }, async ({ context, calls, answers }) => {
    answers.get = () => [1, 'locked'];
    const lookup = lookupIn(context);
    const key = { of: 'identity', name: 'work' } as const;
    for (const _ of [1, 2]) await rejects(lookup.stored(key), 'storage', /locked/);
    assert.equal(calls, ['get']);
    assert.is(await lookup.isSignedOut('us.icr.io'), false);
    const bugs = lookupIn({
      ...context,
      runSync: () => {
        throw new TypeError('a bug');
      },
    });
    const bug = await bugs.stored(key).catch(String);
    assert.is(bug, 'TypeError: a bug');
    await rejects(lookup.stored({ of: 'host', name: 'work' }), 'storage');
    assert.equal(calls, ['get', 'get']);
  }));

test('an opened keychain is used and not opened again', () =>
  inWorld({ store: 'vault' }, async ({ context, calls }) => {
    const credential = { ServerURL: 'us.icr.io', Username: 'u', Secret: 'canary' };
    const opened: SecretStore = {
      read: () => credential,
      write: () => {},
      erase: () => {},
      names: () => [],
    };
    const found = await lookupIn(context, opened).stored({ of: 'host', name: 'us.icr.io' });
    assert.equal(found, credential);
    assert.equal(calls, []);
  }));

test('the sign-out mark of a host is read once, and only for a source that it ends', () =>
  inHome(async (home) => {
    let reads = 0;
    const files: Files = {
      ...nodeFiles,
      isPresent: async () => {
        reads += 1;
        throw new HelperError('storage', 'cannot read the mark');
      },
    };
    const env = { ...home.env, DOCKER_CREDENTIAL_ICR_API_KEY: 'canary' };
    const ownVariable = lookupIn(testContext({ env, files }));
    assert.ok(await findCredential(ownVariable, hostOf('us.icr.io')));
    const another = lookupIn(testContext({ env: home.env, files }));
    await findCredential(another, hostOf('quay.example'));
    assert.is(reads, 0);
    const mapped = lookupIn(testContext({ env: home.env, files }));
    await rejects(findCredential(mapped, hostOf('us.icr.io')), 'storage', /the mark/);
    const checked: string[] = [];
    const isPresent: Files['isPresent'] = async (_context, file) => {
      checked.push(file);
      return false;
    };
    const context = testContext({ env: home.env, files: { ...nodeFiles, isPresent } });
    await findCredential(lookupIn(context), hostOf('us.icr.io'));
    assert.is(checked.length, 1);
  }));

test('without a configuration directory, no host is signed out', async () =>
  assert.is(await lookupIn(testContext()).isSignedOut('us.icr.io'), false));

test('the mapping keys of an identity are those that name it', () => {
  const work = { identity: 'work' };
  const mappings = { '*': work, 'us.icr.io': { identity: 'ci' }, 'de.icr.io/ns': work };
  const settings = { identities: {}, mappings };
  assert.equal(keysOfIdentity(settings, 'work'), ['*', 'de.icr.io/ns']);
  assert.equal(keysOfIdentity(settings, 'toString'), []);
});

test.run();
