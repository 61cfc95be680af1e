import fs from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { moveSecrets } from '../../src/secrets/move.ts';
import { writeConfig } from '../support/home.ts';
import { rejects } from '../support/rejects.ts';
import { inWorld, takeOver, url, type World } from '../support/two-keychains.ts';

const test = suite('move that has lost its lock');

/** Simulates a process that takes over the stale lock and empties the unused store. */
function overtake(world: World): void {
  takeOver(world, 'move.lock');
  world.kept.slow?.clear();
}

function isInFile({ home }: World): boolean {
  return fs.existsSync(`${home.config}/identities/work.json`);
}

for (const [when, verb] of [
  ['when it has copied', 'store'],
  ['when it has read its copy back', 'get'],
] as const) {
  test(`${when}: moves and erases nothing`, () => {
    let isDone = false;
    return inWorld(
      (world, keychain, called) => {
        if (keychain !== 'slow' || called !== verb || isDone) return;
        isDone = true;
        overtake(world);
      },
      async (world) => {
        await rejects(
          moveSecrets(world.context, 'slow'),
          'storage',
          /another store move has started/,
        );
        assert.ok(isDone);
        assert.is(world.settings().store, undefined);
        assert.is(world.settings().previousStore, 'slow');
        assert.ok(isInFile(world));
      },
    );
  });
}

test('another store has become the previous one: moves and erases nothing', () => {
  let isDone = false;
  return inWorld(
    ({ home, settings }, keychain, verb) => {
      if (keychain !== 'slow' || verb !== 'get' || isDone) return;
      isDone = true;
      writeConfig(home, 'config.json', JSON.stringify({ ...settings(), previousStore: 'other' }));
    },
    async (world) => {
      await rejects(
        moveSecrets(world.context, 'slow'),
        'storage',
        /another store move has started/,
      );
      assert.is(world.settings().store, undefined);
      assert.ok(isInFile(world));
    },
  );
});

test('a missing copy does not cause the last copy to be erased', () => {
  let isDone = false;
  return inWorld(
    (world, keychain, verb) => {
      const isSettling = world.settings().store === 'other';
      if (isDone || keychain !== 'slow' || verb !== 'list' || !isSettling) return;
      isDone = true;
      world.kept.other?.clear();
    },
    async (world) => {
      const { context, kept } = world;
      await moveSecrets(context, 'slow');
      assert.not.ok(isInFile(world));
      await rejects(moveSecrets(context, 'other'), 'storage', /slow is not empty: other does not/);
      assert.ok(isDone);
      assert.equal([...(kept.slow?.keys() ?? [])], [url]);
      await rejects(moveSecrets(context, 'other'), 'storage', /other does not return the secret/);
      assert.equal([...(kept.slow?.keys() ?? [])], [url], 'nor is it the next time');
    },
  );
});

test('an erase by a client during the cleanup also removes the new copy', () => {
  const host = url.replace('identity/work', 'host/us.icr.io');
  let [isDone, lists] = [false, 0];
  return inWorld(
    (world, keychain, verb) => {
      const isSettling = world.settings().store === 'other';
      if (isDone || keychain !== 'slow' || verb !== 'list' || !isSettling) return;
      // Runs after both lists have been read.
      lists += 1;
      if (lists < 2) return;
      isDone = true;
      world.kept.slow?.delete(host);
    },
    async (world) => {
      const { context, kept } = world;
      await moveSecrets(context, 'slow');
      kept.slow?.set(host, 'canary');
      await moveSecrets(context, 'other');
      assert.ok(isDone);
      assert.equal([...(kept.other?.keys() ?? [])], [url]);
    },
  );
});

test('leftover copies are preserved if the settings were edited manually', () =>
  inWorld(
    () => {},
    async (world) => {
      await moveSecrets(world.context, 'slow');
      const settings = { ...world.settings(), store: 'file', previousStore: 'slow' };
      writeConfig(world.home, 'config.json', JSON.stringify(settings));
      await rejects(
        moveSecrets(world.context, 'file'),
        'storage',
        /does not return the secret of work/,
      );
      assert.is(world.kept.slow?.size, 1);
    },
  ));

test.run();
