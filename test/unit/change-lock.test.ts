import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  LockLostError,
  settingsDirectory,
  staleLockOptions,
  withChangeLock,
} from '../../src/config/change-lock.ts';
import { latestTurn, takeTurn } from '../../src/files/lock-turns.ts';
import { temporaryName } from '../../src/files/temporary-files.ts';
import { noon, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { fails, rejects } from '../support/rejects.ts';
import { withFs } from '../support/replaced-fs.ts';

const test = suite('the lock of settings and secrets');

const contextOf = ({ env }: Home) => testContext({ env });
const lockOf = ({ config }: Home) => path.join(config, 'config.lock');

/** Takes over the lock, as another process does if this one was stopped. */
function takeOver(home: Home): void {
  const number = latestTurn(testContext(), lockOf(home))?.number ?? 0;
  takeTurn(lockOf(home), number + 1, undefined);
}

const stores = [
  ['', undefined],
  ['"store":"file"', undefined],
  ['"previousStore":"file"', undefined],
  ['"store":"file","previousStore":"file"', undefined],
  ['"store":"pass"', 16_000],
  ['"previousStore":"pass"', 16_000],
  ['"store":"file","previousStore":"pass"', 16_000],
  ['"store":"pass","previousStore":"file"', 16_000],
  ['"store":', undefined],
] as const;
for (const [text, staleAfterMs] of stores) {
  test(`${text || 'no store'}: a silent lock is stale after ${staleAfterMs ?? 'the usual'} ms`, () =>
    inHome((home) => {
      const comma = text === '' ? '' : ',';
      writeConfig(home, 'config.json', `{"identities":{},"mappings":{}${comma}${text}}`);
      const context = contextOf(home);
      const expected = staleAfterMs === undefined ? {} : { staleAfterMs };
      assert.equal(staleLockOptions(context), expected);
      assert.equal(context.warnings, []);
    }));
}

test('a bug while the settings are read is thrown', () =>
  inHome((home) => {
    writeConfig(home, 'config.json', '{}');
    const context = { ...contextOf(home), platform: 'linux' } as const;
    const env = new Proxy(home.env, {
      get: () => {
        throw new TypeError('a bug');
      },
    });
    assert.throws(() => staleLockOptions({ ...context, env }), /a bug/);
  }));

test('makes the directory with mode 0700, and returns its real path', () =>
  inHome((home) => {
    const { config } = home;
    assert.is(settingsDirectory(contextOf(home)), config);
    assert.is(fs.statSync(config).mode & 0o777, 0o700);
    fs.rmdirSync(config);
    const real = path.join(home.folder, 'dotfiles');
    fs.mkdirSync(real, { mode: 0o700 });
    fs.symlinkSync(real, config);
    assert.is(settingsDirectory(contextOf(home)), fs.realpathSync(real));
  }));

test('a directory that cannot be made is an error, with the reason or the hint', () =>
  inHome((home) => {
    fs.writeFileSync(path.join(home.folder, '.config'), '');
    fails(() => settingsDirectory(contextOf(home)), 'storage', /^cannot make \S+ \(E\w+\)/);
    fs.rmSync(path.join(home.folder, '.config'));
    writeConfig(home, 'config.json', '{}');
    fs.rmSync(home.config, { recursive: true });
    fs.writeFileSync(home.config, '');
    fails(
      () => settingsDirectory(contextOf(home)),
      'storage',
      /is a regular file, not a directory/,
    );
  }));

test('with `fail`, the default, reports a directory that cannot be used; with `proceed` goes on', () =>
  inHome(async (home) => {
    fs.mkdirSync(path.dirname(home.config), { recursive: true });
    fs.writeFileSync(home.config, '');
    const context = contextOf(home);
    for (const options of [undefined, {}, { onTimeout: 'fail' }] as const) {
      const locked = withChangeLock(context, () => assert.unreachable('it is locked'), options);
      await rejects(locked, 'storage', /^\S+ is a regular file, not a directory/);
    }
    assert.is(await withChangeLock(context, () => 1, { onTimeout: 'proceed' }), 1);
  }));

test('a directory that cannot be made is reported as such, not as a lock that cannot be taken', () =>
  inHome(async (home) => {
    fs.writeFileSync(path.join(home.folder, '.config'), '');
    const locked = withChangeLock(contextOf(home), () => assert.unreachable('it is locked'));
    await rejects(locked, 'storage', new RegExp(`^cannot make ${home.config} \\(E\\w+\\)`));
  }));

test('runs the action under config.lock, and returns what it returns', () =>
  inHome(async (home) => {
    const held = await withChangeLock(contextOf(home), async ({ assertLockHeld, step }) => {
      assertLockHeld();
      await step();
      return latestTurn(testContext(), lockOf(home))?.over;
    });
    assert.equal([held, latestTurn(testContext(), lockOf(home))?.over], [false, true]);
  }));

test('throws if another process has taken over the lock', () =>
  inHome(async (home) => {
    for (const use of ['assertLockHeld', 'step'] as const) {
      const locked = withChangeLock(contextOf(home), async (lock) => {
        takeOver(home);
        await lock[use]();
      });
      const pattern = /^another command was changing \S+ at the same time; run the command again$/;
      const error = await rejects(locked, 'storage', pattern);
      assert.ok(error instanceof LockLostError);
      fs.rmSync(lockOf(home), { recursive: true });
    }
  }));

test('a step lets timers run, so that the lock shows that this process is alive', () =>
  inHome(async (home) => {
    let isAlive = false;
    await withChangeLock(contextOf(home), async ({ step }) => {
      setTimeout(() => {
        isAlive = true;
      }, 0);
      await step();
    });
    assert.ok(isAlive);
  }));

test('a lock that is held is waited for until the limit', () =>
  inHome(async (home) => {
    fs.mkdirSync(home.config, { recursive: true, mode: 0o700 });
    const turn = takeTurn(lockOf(home), 1, undefined);
    const context = contextOf(home);
    const locked = withChangeLock(context, () => {}, { limitMs: 1 });
    await rejects(locked, 'storage', /^cannot lock \S+ \(another process has held it/);
    // The deadline of the command counts as well.
    const late = { ...context, deadline: noon };
    await rejects(
      withChangeLock(late, () => {}),
      'storage',
      /^cannot lock/,
    );
    turn?.end();
  }));

test('removes the temporary files of earlier holders first', () =>
  inHome(async (home) => {
    const context = contextOf(home);
    const temporaries = ['hosts', 'identities'].map((name) =>
      writeConfig(home, path.join(name, temporaryName(context, 'x.json')), 'canary'),
    );
    temporaries.push(writeConfig(home, 'config.json.tmp-1234567890abcdef', 'canary'));
    const kept = writeConfig(home, 'hosts/us.icr.io.json', '{}');
    await withChangeLock(context, () => {
      assert.equal(
        temporaries.filter((file) => fs.existsSync(file)),
        [],
      );
    });
    assert.ok(fs.existsSync(kept));
  }));

test('a directory whose temporary files cannot be removed does not stop the command', () =>
  inHome(async (home) => {
    writeConfig(home, 'hosts', 'a file');
    const file = writeConfig(home, 'config.json.tmp-1234567890abcdef', 'canary');
    assert.is(await withChangeLock(contextOf(home), () => 1), 1);
    assert.not.ok(fs.existsSync(file));
  }));

test('a bug while temporary files are removed is thrown', () =>
  inHome(async (home) => {
    writeConfig(home, 'hosts/us.icr.io.json', '{}');
    const { lstatSync } = fs;
    const withBug = (file: string, options: object) => {
      if (path.basename(file) === '.aside') throw new TypeError('a bug');
      return Reflect.apply(lstatSync, fs, [file, options]);
    };
    const locked = withFs({ lstatSync: withBug }, () => withChangeLock(contextOf(home), () => {}));
    assert.is(await locked.catch(String), 'TypeError: a bug');
  }));

test.run();
