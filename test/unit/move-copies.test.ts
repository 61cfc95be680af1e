import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Settings } from '../../src/config/settings.ts';
import {
  type NamedStore,
  needsSecret,
  requireEveryIdentity,
} from '../../src/secrets/every-identity.ts';
import { catchUp, copyAll, keysIn, settle } from '../../src/secrets/move-copies.ts';
import type { Credential, SecretKey, SecretStore } from '../../src/secrets/store-types.ts';
import { fails, rejects } from '../support/rejects.ts';

const work: SecretKey = { of: 'identity', name: 'work' };
const host: SecretKey = { of: 'host', name: 'us.icr.io' };
const credential: Credential = { ServerURL: 'x', Username: 'me', Secret: 'canary' };
const withSecret = (Secret: string): Credential => ({ ...credential, Secret });

const copies = suite('copies of a move');

interface Memory extends NamedStore {
  readonly kept: Map<string, Credential>;
}

function memory(name: string, ...entries: readonly [SecretKey, Credential][]): Memory {
  const titleOf = ({ of, name }: SecretKey) => `${of} ${name}`;
  const kept = new Map(entries.map(([key, value]) => [titleOf(key), value]));
  const store: SecretStore = {
    read: (key) => kept.get(titleOf(key)),
    write: (key, value) => void kept.set(titleOf(key), value),
    erase: (key) => void kept.delete(titleOf(key)),
    names: (of) =>
      [...kept.keys()]
        .filter((title) => title.startsWith(of))
        .map((title) => title.split(' ')[1] ?? ''),
  };
  return { name, store, kept };
}

/** The same store, which adds the name of each call to `calls`. */
function watched({ name, store }: NamedStore, calls: string[]): NamedStore {
  const logged =
    <Args extends unknown[], Result>(verb: string, call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      calls.push(verb);
      return call(...args);
    };
  const { read, write, erase, names } = store;
  return {
    name,
    store: {
      read: logged('read', read),
      write: logged('write', write),
      erase: logged('erase', erase),
      names: logged('names', names),
    },
  };
}

const identities: Settings['identities'] = { work: { kind: 'api-key', secretSetAt: 0 } };
const step = async () => {};
const locked = (action: () => Promise<void>) => action();

copies('copies everything and erases the source', async () => {
  const source = memory('file', [work, withSecret('canary-1')], [host, withSecret('canary-2')]);
  const all = [...source.kept];
  const destination = memory('vault');
  assert.equal(await keysIn(source.store, step), [work, host]);
  const copied = await copyAll(source, destination, step);
  assert.equal(
    copied.map(({ key }) => key),
    [work, host],
  );
  assert.is(source.kept.size, 2);
  await settle(source, destination, copied, () => identities, step, locked);
  assert.equal([...destination.kept], all);
  assert.is(source.kept.size, 0);
});

copies(
  'checks the lock before each call of a store, if a secret was changed meanwhile',
  async () => {
    const source = memory('file', [work, withSecret('canary-1')]);
    const destination = memory('vault');
    const copied = await copyAll(source, destination, step);
    source.store.write(work, withSecret('canary-2'));
    const calls: string[] = [];
    const checked = async () => void calls.push('check');
    const [from, to] = [watched(source, calls), watched(destination, calls)];
    await settle(from, to, copied, () => identities, checked, locked);
    assert.is(destination.kept.get('identity work')?.Secret, 'canary-2');
    const unchecked = calls.filter((call, at) => call !== 'check' && calls[at - 1] !== 'check');
    assert.equal([calls.includes('write'), unchecked], [true, []]);
  },
);

copies('checks the lock between the read of a secret and the list that still has it', async () => {
  const source = memory('vault', [work, credential]);
  const calls: string[] = [];
  const from = watched({ ...source, store: { ...source.store, read: () => undefined } }, calls);
  const checked = async () => void calls.push('check');
  await rejects(copyAll(from, memory('file'), checked), 'storage', /work/);
  const last = calls.slice(-4);
  assert.equal(last, ['check', 'read', 'check', 'names']);
});

const changedCopies: readonly Credential[] = [
  { ...credential, Secret: 'other' },
  { ...credential, Username: 'other' },
  { ...credential, ServerURL: 'other' },
];
for (const copy of [undefined, ...changedCopies]) {
  copies(`fails if the destination gives back ${JSON.stringify(copy)}`, async () => {
    const source = memory('file', [work, credential]);
    const destination = memory('vault');
    const store = { ...destination.store, read: () => copy };
    await rejects(copyAll(source, { name: 'vault', store }, step), 'storage', /work/);
    assert.is(source.kept.size, 1);
  });
}

const late: SecretKey = { of: 'host', name: 'late' };

/** Copies a store, then changes it: a secret is new, one renewed, one erased. */
async function changedAfterCopy() {
  const source = memory('file', [work, withSecret('canary-1')], [host, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  source.store.erase(host);
  source.store.write(work, withSecret('canary-2'));
  source.store.write(late, withSecret('canary-3'));
  return { source, destination, copied };
}

copies('copies secrets that are stored, renewed or erased during the copy', async () => {
  const { source, destination, copied } = await changedAfterCopy();
  await settle(source, destination, copied, () => identities, step, locked);
  assert.equal(Object.fromEntries(destination.kept), {
    'identity work': withSecret('canary-2'),
    'host late': withSecret('canary-3'),
  });
  assert.is(source.kept.size, 0);
});

copies('does not rewrite an equal copy', async () => {
  const source = memory('file', [work, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  const write = () => assert.unreachable('it was written again');
  const store = { ...destination.store, write };
  await settle(source, { name: 'vault', store }, copied, () => identities, step, locked);
});

copies('catches up: copies changes since the copy', async () => {
  const { source, destination, copied } = await changedAfterCopy();
  assert.equal(await catchUp(source, destination, copied, step), [
    { key: work, credential: withSecret('canary-2') },
    { key: late, credential: withSecret('canary-3') },
  ]);
  assert.equal(destination.kept, source.kept);
});

copies('catches up: skips equal copies and preserves the source', async () => {
  const source = memory('file', [work, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  const write = () => assert.unreachable('it was written again');
  const vault = { name: 'vault', store: { ...destination.store, write } };
  assert.equal(await catchUp(source, vault, copied, step), copied);
  assert.equal([source.kept.size, destination.kept.size], [1, 1]);
});

copies('catches up: skips a secret that is erased while it is read', async () => {
  const source = memory('file', [work, credential], [host, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  const read = (key: SecretKey) => {
    if (key.of === 'host') source.store.erase(key);
    return source.store.read(key);
  };
  const erasing = { name: 'file', store: { ...source.store, read } };
  assert.equal(await catchUp(erasing, destination, copied, step), copied.slice(0, 1));
  assert.equal([...destination.kept.keys()], ['identity work']);
});

for (const copy of [undefined, ...changedCopies]) {
  copies(`catches up: fails if the destination gives back ${JSON.stringify(copy)}`, async () => {
    const source = memory('file', [work, credential]);
    const store = { ...memory('vault').store, read: () => copy };
    const caughtUp = catchUp(source, { name: 'vault', store }, [], step);
    await rejects(caughtUp, 'storage', /^vault does not return the secret of work/);
  });
}

copies('catches up: stops before any call of a store once the lock is lost', async () => {
  for (let last = 0; ; last += 1) {
    const source = memory('file', [work, credential]);
    const gone = { key: host, credential };
    const calls: string[] = [];
    const watch = (named: NamedStore) => watched(named, calls);
    let steps = 0;
    const counting = async () => {
      if (steps === last) throw new Error('stopped');
      steps += 1;
      calls.push('step');
    };
    const destination = watch(memory('vault', [host, credential]));
    const result = await catchUp(watch(source), destination, [gone], counting).catch(String);
    // A step comes before each call.
    assert.is(
      calls
        .join(' ')
        .replaceAll(/step (names|read|write|erase)/g, '')
        .trim(),
      '',
    );
    if (result !== 'Error: stopped') {
      assert.equal([last, calls.filter((call) => call === 'erase').length], [6, 1]);
      return;
    }
  }
});

copies('preserves the secret of an identity whose copy does not exist', async () => {
  const source = memory('file', [work, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  destination.kept.clear();
  const moved = settle(source, destination, copied, () => identities, step, locked);
  await rejects(moved, 'storage', /vault.*work/);
  assert.is(source.kept.size, 1);
});

copies('erases the credential of a host whose copy a client has erased', async () => {
  const source = memory('file', [host, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  destination.kept.clear();
  await settle(source, destination, copied, () => identities, step, locked);
  assert.equal([source.kept.size, destination.kept.size], [0, 0]);
});

copies(
  'fails for a listed secret that cannot be read, and skips one that is erased during the copy',
  async () => {
    const source = memory('file', [work, credential]);
    const silent = { ...source.store, read: () => undefined };
    await rejects(
      copyAll({ name: 'pass', store: silent }, memory('vault'), step),
      'storage',
      /pass.*work/,
    );
    let isFirst = true;
    const names = (of: SecretKey['of']) => {
      const listed = isFirst || of === 'host' ? source.store.names(of) : [];
      if (of === 'identity') isFirst = false;
      return listed;
    };
    const destination = memory('vault', [work, credential]);
    const erased = { ...silent, names };
    assert.equal(await copyAll({ name: 'pass', store: erased }, destination, step), []);
    for (const [copied, left] of [
      [[], 1],
      [[{ key: work, credential: withSecret('other') }], 1],
      [[{ key: work, credential }], 0],
    ] as const) {
      isFirst = true;
      const vanished = { name: 'pass', store: erased };
      await settle(vanished, destination, copied, () => identities, step, locked);
      assert.is(destination.kept.size, left);
    }
  },
);

copies('stops when the lock is lost', async () => {
  for (let last = 0; last < 5; last += 1) {
    let steps = 0;
    const stopping = async () => {
      if (steps === last) throw new Error('stopped');
      steps += 1;
    };
    const source = memory('file', [work, credential]);
    const result = await copyAll(source, memory('vault'), stopping).catch((error) => error.message);
    assert.is(result, 'stopped', String(last));
  }
});

copies('fails for an empty list if the settings name an identity with a secret', () => {
  const both = { ...identities, machine: { kind: 'trusted-profile', secretSetAt: 0 } } as const;
  fails(
    () => requireEveryIdentity({ identities: both }, memory('vault')),
    'storage',
    /vault.*work.*logout --identity work/,
  );
  requireEveryIdentity({ identities: both }, memory('vault', [work, credential]));
  requireEveryIdentity({ identities: {} }, memory('vault'));
  // A newer version may have identities without a secret.
  const newer = { next: { written: { kind: 'newer' } } };
  requireEveryIdentity({ identities: newer }, memory('vault'));
  const ofHost = memory('vault', [{ of: 'host', name: 'work' }, credential]);
  fails(() => requireEveryIdentity({ identities }, ofHost), 'storage', /work/);
});

copies('a secret is needed only by an identity in the settings whose kind has one', () => {
  const both = { ...identities, machine: { kind: 'trusted-profile', secretSetAt: 0 } } as const;
  assert.is(needsSecret(both, work), true);
  assert.is(needsSecret(both, { of: 'host', name: 'work' }), false);
  assert.is(needsSecret(both, { of: 'identity', name: 'toString' }), false);
  assert.is(needsSecret(both, { of: 'identity', name: 'machine' }), false);
});

copies.run();
