import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Settings } from '../../src/config/settings.ts';
import type { Context } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import {
  changeSecrets,
  eraseSecret,
  replaceSecret,
  requireReplaceable,
  secretOf,
  storeSecret,
} from '../../src/secrets/replace-secret.ts';
import { storeIn } from '../../src/secrets/secret-store.ts';
import type { Credential, SecretKey } from '../../src/secrets/store-types.ts';
import { testContext } from '../support/context.ts';
import { writeConfig } from '../support/home.ts';
import { inWorld, type World } from '../support/keychains.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('replacing a secret');

const work: SecretKey = { of: 'identity', name: 'work' };
const host: SecretKey = { of: 'host', name: 'quay.example' };
const none: Settings = { identities: {}, mappings: {} };
const vault = { ...none, store: 'vault' };

function credentialOf(Secret: string): Credential {
  return { ServerURL: 'x', Username: 'me', Secret };
}

/** The context whose keychain calls `after` when it has done what a verb asks. */
function afterCall({ context }: World, verb: string, after: () => void): Context {
  return {
    ...context,
    runSync: (...call) => {
      const result = context.runSync(...call);
      if (call[1][0] === verb) after();
      return result;
    },
  };
}

for (const settings of [none, vault]) {
  const where = `with ${JSON.stringify(settings)}`;

  test(`compares and swaps ${where}`, () =>
    inWorld(settings, async ({ context }) => {
      const stored = () => storeIn(context, settings).read(work)?.Secret;
      assert.is(await replaceSecret(context, work, 'canary-1', credentialOf('canary-2')), false);
      assert.is(stored(), undefined);
      assert.is(await replaceSecret(context, work, undefined, credentialOf('canary-1')), true);
      assert.is(stored(), 'canary-1');
      for (const expected of [undefined, 'canary-2']) {
        assert.is(await replaceSecret(context, work, expected, credentialOf('canary-3')), false);
      }
      assert.is(stored(), 'canary-1');
      assert.is(await replaceSecret(context, work, 'canary-1', credentialOf('canary-2')), true);
      assert.is(stored(), 'canary-2');
    }));

  test(`tries the write before a token is spent ${where}`, () =>
    inWorld(settings, async ({ context }) => {
      const store = storeIn(context, settings);
      assert.is(await requireReplaceable(context, work, credentialOf('canary-1')), false);
      assert.is(store.read(work), undefined);
      store.write(work, credentialOf('canary-1'));
      assert.is(await requireReplaceable(context, work, credentialOf('canary-2')), false);
      assert.is(await requireReplaceable(context, work, credentialOf('canary-1')), true);
      assert.is(store.read(work)?.Secret, 'canary-1');
    }));
}

test('timers run between the calls of a keychain, so that the lock shows that this process is alive', () =>
  inWorld(vault, async ({ context }) => {
    storeIn(context, vault).write(work, credentialOf('canary-1'));
    let ticks = 0;
    const seen: number[] = [];
    const runSync: Context['runSync'] = (...call) => {
      seen.push(ticks);
      setTimeout(() => {
        ticks += 1;
      }, 0);
      return context.runSync(...call);
    };
    const ticksAtCalls = async (action: Promise<boolean>) => {
      assert.is(await action, true);
      return seen.splice(0);
    };
    const timed = { ...context, runSync };
    const [read = 0, write = 0, readBack = 0] = await ticksAtCalls(
      requireReplaceable(timed, work, credentialOf('canary-1')),
    );
    assert.ok(read < write && write < readBack);
    const [before = 0, after = 0] = await ticksAtCalls(
      replaceSecret(timed, work, 'canary-1', credentialOf('canary-2')),
    );
    assert.ok(before < after);
  }));

test('a keychain that returns another secret than it was given is reported', () =>
  inWorld(vault, async (world) => {
    const { context, kept } = world;
    storeIn(context, vault).write(work, credentialOf('canary-1'));
    const broken = afterCall(world, 'store', () => {
      for (const url of kept.keys()) kept.set(url, 'canary-other');
    });
    const tried = requireReplaceable(broken, work, credentialOf('canary-1'));
    await rejects(tried, 'storage', /work/);
  }));

test('a damaged file has no secret, and an unreadable one is an error', () =>
  inWorld(none, ({ home, context }) => {
    const store = storeIn(context, none);
    writeConfig(home, 'identities/work.json', '{');
    assert.is(secretOf(store, work), undefined);
    const read = () => {
      throw new TypeError('a bug');
    };
    assert.throws(() => secretOf({ ...store, read }, work), /a bug/);
  }));

test('stores once if the settings stay', () =>
  inWorld(vault, async ({ context, kept, calls }) => {
    await storeSecret(context, host, credentialOf('canary'));
    assert.is(kept.size, 1);
    assert.equal(calls, ['store']);
  }));

test('stores again if a move has put another store in place meanwhile', () =>
  inWorld(vault, async (world) => {
    const moved = afterCall(world, 'store', () =>
      writeConfig(world.home, 'config.json', JSON.stringify(none)),
    );
    await storeSecret(moved, host, credentialOf('canary'));
    assert.equal(storeIn(world.context, none).read(host)?.Secret, 'canary');
    assert.is(world.kept.size, 0);
  }));

test('damaged settings store nothing, and create nothing', () =>
  inWorld('{', async ({ home, context, calls }) => {
    await rejects(storeSecret(context, host, credentialOf('canary')), 'damaged');
    assert.equal(fs.readdirSync(home.config), ['config.json']);
    assert.equal(calls, []);
  }));

test('erases from the keychain and from files', () =>
  inWorld(vault, async ({ context, kept }) => {
    for (const settings of [none, vault]) {
      storeIn(context, settings).write(host, credentialOf('canary'));
    }
    await eraseSecret(context, host);
    assert.is(storeIn(context, none).read(host), undefined);
    assert.is(kept.size, 0);
  }));

test('erases again if a move has put another store in place meanwhile', () =>
  inWorld(vault, async (world) => {
    const { context, home } = world;
    storeIn(context, vault).write(host, credentialOf('canary'));
    const moved = afterCall(world, 'erase', () => {
      writeConfig(home, 'config.json', JSON.stringify(none));
      storeIn(context, none).write(host, credentialOf('canary'));
    });
    await eraseSecret(moved, host);
    assert.is(storeIn(context, none).read(host), undefined);
  }));

test('with damaged settings, erases what files have and reports the settings', () =>
  inWorld('{', async ({ context }) => {
    storeIn(context, none).write(host, credentialOf('canary'));
    await rejects(eraseSecret(context, host), 'damaged', /keychain/);
    assert.is(storeIn(context, none).read(host), undefined);
  }));

test('erases nothing, and creates nothing, without a directory', () =>
  inWorld(none, async ({ home, context }) => {
    fs.rmSync(home.config, { recursive: true });
    await eraseSecret(context, host);
    assert.is(fs.existsSync(home.config), false);
    await eraseSecret({ ...context, env: {} }, host);
  }));

/** Takes the lock away from its holder, as a command does that finds it stale. */
function loseLock(config: string): void {
  const lock = path.join(config, 'config.lock');
  for (const name of fs.readdirSync(lock)) fs.rmSync(path.join(lock, name), { recursive: true });
}

test('begins again if the lock was lost, twice at most', () =>
  inWorld(none, async ({ home, context }) => {
    for (const [losses, isDone] of [
      [0, true],
      [2, true],
      [3, false],
    ] as const) {
      let runs = 0;
      const changed = changeSecrets(context, async (store, lock) => {
        runs += 1;
        if (runs <= losses) loseLock(home.config);
        await lock.step();
        store.write(work, credentialOf('canary'), lock.assertLockHeld);
        return 'done';
      });
      if (isDone) assert.is(await changed, 'done');
      else await rejects(changed, 'storage');
      assert.is(runs, Math.min(losses + 1, 3));
    }
  }));

test('another error is not repeated', () =>
  inWorld(none, async ({ context }) => {
    let runs = 0;
    const changed = changeSecrets(context, () => {
      runs += 1;
      throw new TypeError('a bug');
    });
    assert.is(await changed.catch(String), 'TypeError: a bug');
    assert.is(runs, 1);
  }));

test('a damaged secret counts as none, and every other error is thrown', () => {
  const failing = (error: Error) => ({
    ...storeIn(testContext(), {}),
    read: () => {
      throw error;
    },
  });
  assert.is(secretOf(failing(new HelperError('damaged', 'x')), work), undefined);
  for (const error of [
    new HelperError('storage', 'locked'),
    Object.assign(new TypeError('a bug'), { code: 'damaged' }),
  ]) {
    assert.throws(() => secretOf(failing(error), work), error.message);
  }
});

test.run();
