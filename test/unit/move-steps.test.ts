import fs from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryName } from '../../src/files/temporary-files.ts';
import { moveSecrets } from '../../src/secrets/move.ts';
import { writeConfig } from '../support/home.ts';
import { rejects } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';
import { inWorld, takeOver, url, type World } from '../support/two-keychains.ts';

const test = suite('the locks of a move');

interface Move {
  readonly name: string;
  /** The store in use, and the one that an interrupted move has left. */
  readonly store: string;
  readonly previousStore?: string;
  readonly target: string;
  /** A keychain that does not return what is stored in it. */
  readonly broken?: string;
}

const moves: readonly Move[] = [
  { name: 'from files to a keychain', store: 'file', target: 'slow' },
  { name: 'from a keychain to files', store: 'slow', target: 'file' },
  { name: 'from one keychain to another', store: 'slow', target: 'other' },
  { name: 'to a keychain that fails', store: 'slow', target: 'other', broken: 'other' },
  { name: 'after an interrupted move', store: 'slow', previousStore: 'other', target: 'slow' },
  {
    name: 'again after an interrupted one',
    store: 'slow',
    previousStore: 'other',
    target: 'other',
  },
];

/** One operation of a store: list, read, write, erase, or a check that it works. */
const operation =
  /^(?:list|get|store|(?:get )?erase get|get list list(?: store get erase get)? erase get|list list(?: store get erase get)?)$/;

/** Runs a move, and `after` after each call of a keychain. Returns its error, if there is one. */
async function run(
  { store, previousStore, target, broken }: Move,
  after: (world: World, verb: string) => void,
  check: (world: World, error: unknown) => void,
): Promise<void> {
  let isMoving = false;
  await inWorld(
    (world, keychain, verb) => {
      if (!isMoving) return;
      if (keychain === broken && verb === 'store') world.kept[broken]?.set(url, 'damaged');
      after(world, verb);
    },
    async (world) => {
      if (store !== 'file') await moveSecrets(world.context, store);
      if (previousStore !== undefined) {
        world.kept[previousStore]?.set(url, 'canary');
        const settings = { ...world.settings(), previousStore };
        writeConfig(world.home, 'config.json', JSON.stringify(settings));
      }
      isMoving = true;
      check(world, await moveSecrets(world.context, target).catch((error: unknown) => error));
    },
  );
}

/** Returns the calls of a keychain in each turn of the event loop, which runs the heartbeats. */
async function turnsOf(move: Move): Promise<string[]> {
  const turns: string[][] = [];
  let isNew = true;
  const after = (_: World, verb: string) => {
    if (isNew) turns.push([]);
    isNew = false;
    setImmediate(() => {
      isNew = true;
    });
    turns.at(-1)?.push(verb);
  };
  await run(move, after, () => {});
  return turns.map((verbs) => verbs.join(' '));
}

for (const move of moves) {
  test(`${move.name}: after each operation of a store, heartbeats run and the lock is checked`, async () => {
    const turns = await turnsOf(move);
    assert.ok(turns.length >= 3);
    assert.equal(
      turns.filter((verbs) => !operation.test(verbs)),
      [],
    );
    let last = 0;
    for (const turn of turns) {
      last += turn.split(' ').length;
      let calls = 0;
      let settings: unknown;
      const after = (world: World) => {
        calls += 1;
        if (calls !== last) return;
        takeOver(world, 'move.lock');
        settings = world.settings();
      };
      await run(move, after, (world, error) => {
        assert.match(String(error), /another store move has started/, String(last));
        assert.equal([calls, world.settings(), world.context.warnings], [last, settings, []]);
      });
    }
  });
}

test('calls no store and does not switch the settings after it lost their lock', async () => {
  const calls: string[] = [];
  const after = (world: World, verb: string) => {
    calls.push(verb);
    // The keychain is listed once, twice to see whether it works, twice for the copy, then again under the lock.
    if (verb === 'list' && calls.filter((call) => call === 'list').length === 6) {
      takeOver(world, 'config.lock');
      calls.length = 0;
    }
  };
  const fromKeychain: Move = { name: '', store: 'slow', target: 'file' };
  await run(fromKeychain, after, (world, error) => {
    assert.match(String(error), /another command was changing/);
    assert.equal([calls, world.settings().store], [[], 'slow']);
  });
});

test('counts a secret that was stored during the copy', async () => {
  const after = ({ kept }: World, verb: string) => {
    if (verb === 'store') kept.slow?.set(url.replace('work', 'late'), 'canary');
  };
  const toOther: Move = { name: '', store: 'slow', target: 'other' };
  await run(toOther, after, (world, moved) => {
    assert.is(moved, 2);
    assert.is(world.kept.other?.size, 2);
  });
});

test('fails if its lock cannot be taken', () =>
  inWorld(
    () => {},
    async ({ home, context }) => {
      writeConfig(home, 'move.lock', '');
      await rejects(moveSecrets(context, 'slow'), 'storage', /move\.lock/);
    },
  ));

for (const [target, message] of [
  ['file', /^cannot remove \S+ \(EACCES\)/],
  ['slow', /^secrets are stored in slow, but file store is not empty: cannot remove/],
] as const) {
  test(`to ${target}: fails if the file of a killed process cannot be removed`, () =>
    inWorld(
      () => {},
      async ({ home, context }) => {
        const file = writeConfig(
          home,
          `hosts/${temporaryName(context, 'us.icr.io.json')}`,
          'canary',
        );
        const { unlinkSync } = fs;
        const unlink: typeof unlinkSync = (named) =>
          String(named) === file ? systemError('EACCES') : unlinkSync(named);
        await withFs({ unlinkSync: unlink }, () =>
          rejects(moveSecrets(context, target), 'storage', message),
        );
        assert.ok(fs.existsSync(file));
      },
    ));
}

test('a locked keychain that lists nothing is not empty', () =>
  inWorld(
    () => {},
    async (world) => {
      const { home, context, kept } = world;
      kept.slow?.set(url, 'canary');
      const settings = { ...world.settings(), previousStore: 'slow' };
      writeConfig(home, 'config.json', JSON.stringify(settings));
      const runSync: typeof context.runSync = (_, [verb = '']) =>
        verb === 'list'
          ? { status: 0, output: '{}', errors: '' }
          : { status: 1, output: 'locked', errors: '' };
      const locked = { ...context, runSync };
      await moveSecrets(locked, 'file');
      assert.match(context.warnings.join(), /secrets may be left in slow: slow failed: locked/);
    },
  ));

test.run();
