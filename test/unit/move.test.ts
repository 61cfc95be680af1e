import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context, RunResult } from '../../src/context.ts';
import { thisHolder } from '../../src/files/lock-holder.ts';
import { latestTurn, takeTurn } from '../../src/files/lock-turns.ts';
import { moveSecrets } from '../../src/secrets/move.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../support/home.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('move that has lost its lock');

const url = 'https://docker-credential-icr/identity/work';

interface World {
  readonly home: Home;
  readonly context: Context;
  /** The entries by keychain and ServerURL. */
  readonly kept: Record<string, Map<string, string>>;
  readonly settings: () => { readonly store?: string; readonly previousStore?: string };
}

/** An identity in the file store, and two keychains in memory; `after` runs after each of their calls. */
function inWorld(
  after: (world: World, keychain: string, verb: string) => void,
  use: (world: World) => Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    writeIdentity(home);
    const kept: World['kept'] = { slow: new Map(), other: new Map() };
    for (const name of Object.keys(kept)) {
      const program = path.join(home.folder, `docker-credential-${name}`);
      fs.writeFileSync(program, '', { mode: 0o755 });
    }
    const runSync: Context['runSync'] = (program, [verb = ''], { input }) => {
      const name = path.basename(program).replace('docker-credential-', '');
      const answer = callOf(kept[name] ?? new Map(), verb, input);
      after(world, name, verb);
      return answer;
    };
    const env = { HOME: home.folder, PATH: home.folder };
    const settings = () => JSON.parse(fs.readFileSync(`${home.config}/config.json`, 'utf8'));
    const world: World = { home, context: testContext({ env, runSync }), kept, settings };
    await use(world);
  });
}

function callOf(kept: Map<string, string>, verb: string, input: string): RunResult {
  const ok = (output = '') => ({ status: 0, output, errors: '' });
  const key = verb === 'store' ? JSON.parse(input).ServerURL : input.trim();
  const found = kept.get(key);
  if (verb === 'list')
    return ok(JSON.stringify(Object.fromEntries([...kept].map(([k]) => [k, '']))));
  if (verb === 'store') kept.set(key, JSON.parse(input).Secret);
  else if (found === undefined) {
    return { ...ok('credentials not found in native keychain'), status: 1 };
  }
  if (verb === 'erase') kept.delete(key);
  return ok(verb === 'get' ? JSON.stringify({ ServerURL: key, Username: '', Secret: found }) : '');
}

/** Simulates a process that takes over the stale lock and empties the unused store. */
function overtake({ home, kept }: World): void {
  const lock = path.join(home.config, 'move.lock');
  takeTurn(lock, (latestTurn(testContext(), lock)?.number ?? 0) + 1, thisHolder());
  kept.slow?.clear();
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
