import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Settings } from '../../src/config/settings.ts';
import {
  type NamedStore,
  needsSecret,
  requireEveryIdentity,
} from '../../src/secrets/every-identity.ts';
import { copyAll, keysIn, settle } from '../../src/secrets/move-copies.ts';
import type { Credential, SecretKey, SecretStore } from '../../src/secrets/store-types.ts';
import { fails, rejects } from '../support/rejects.ts';

const work: SecretKey = { of: 'identity', name: 'work' };
const host: SecretKey = { of: 'host', name: 'us.icr.io' };
const credential: Credential = { ServerURL: 'x', Username: 'me', Secret: 'canary' };
const withSecret = (Secret: string): Credential => ({ ...credential, Secret });

const copies = suite('to copy secrets from store to store');

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

copies('takes what was stored, renewed or erased meanwhile', async () => {
  const late = { of: 'host', name: 'late' } as const;
  const source = memory('file', [work, withSecret('canary-1')], [host, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  source.store.erase(host);
  source.store.write(work, withSecret('canary-2'));
  source.store.write(late, withSecret('canary-3'));
  await settle(source, destination, copied, () => identities, step, locked);
  assert.equal(Object.fromEntries(destination.kept), {
    'identity work': withSecret('canary-2'),
    'host late': withSecret('canary-3'),
  });
  assert.is(source.kept.size, 0);
});

copies('does not write a copy again that is the same', async () => {
  const source = memory('file', [work, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  const write = () => assert.unreachable('it was written again');
  const store = { ...destination.store, write };
  await settle(source, { name: 'vault', store }, copied, () => identities, step, locked);
});

copies('erases nothing of an identity whose copy is gone', async () => {
  const source = memory('file', [work, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  destination.kept.clear();
  const moved = settle(source, destination, copied, () => identities, step, locked);
  await rejects(moved, 'storage', /vault.*work/);
  assert.is(source.kept.size, 1);
});

copies('erases a host whose copy a client has erased', async () => {
  const source = memory('file', [host, credential]);
  const destination = memory('vault');
  const copied = await copyAll(source, destination, step);
  destination.kept.clear();
  await settle(source, destination, copied, () => identities, step, locked);
  assert.equal([source.kept.size, destination.kept.size], [0, 0]);
});

copies('fails for a listed secret that is not given, and skips one erased meanwhile', async () => {
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
});

copies('stops at the step that finds the lock lost', async () => {
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

copies('an empty list is a fault if the settings name an identity with a secret', () => {
  const both = { ...identities, machine: { kind: 'trusted-profile', secretSetAt: 0 } } as const;
  fails(
    () => requireEveryIdentity({ identities: both }, memory('vault')),
    'storage',
    /vault.*work.*logout --identity work/,
  );
  requireEveryIdentity({ identities: both }, memory('vault', [work, credential]));
  requireEveryIdentity({ identities: {} }, memory('vault'));
  const ofHost = memory('vault', [{ of: 'host', name: 'work' }, credential]);
  fails(() => requireEveryIdentity({ identities }, ofHost), 'storage', /work/);
});

copies('an identity that the settings name is one that no client erases', () => {
  const both = { ...identities, machine: { kind: 'trusted-profile', secretSetAt: 0 } } as const;
  assert.is(needsSecret(both, work), true);
  assert.is(needsSecret(both, { of: 'host', name: 'work' }), false);
  assert.is(needsSecret(both, { of: 'identity', name: 'toString' }), false);
  assert.is(needsSecret(both, { of: 'identity', name: 'machine' }), false);
});

copies.run();
