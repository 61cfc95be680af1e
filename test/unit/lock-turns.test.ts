import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeLock, withLock } from '../../src/files/lock.ts';
import { healthOf, thisHolder } from '../../src/files/lock-holder.ts';
import {
  isPastLimit,
  latestTurn,
  readTurn,
  removeTurns,
  setLockAside,
  takeTurn,
} from '../../src/files/lock-turns.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { other, withOwner } from '../support/owned-folder.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('lock turns');

const context = testContext();

function inLock(use: (folder: string) => void | Promise<void>): Promise<void> {
  return inHome(({ folder }) => {
    const lock = path.join(folder, 'x.lock');
    fs.mkdirSync(lock, { mode: 0o700 });
    return use(lock);
  });
}

const contents: readonly (readonly [text: string, over: boolean, note?: string])[] = [
  ['', false],
  ['{', false],
  ['null', false],
  ['{}', false],
  ['{"over":1}', false],
  ['{"over":true}', true],
  ['{"over":true,"note":"x"}', true, 'x'],
  ['{"over":true,"note":1}', true],
];
for (const [text, over, note] of contents) {
  test(`a turn with the content ${JSON.stringify(text)} is${over ? '' : ' not'} over`, () =>
    inLock((folder) => {
      fs.writeFileSync(path.join(folder, '3'), text);
      const turn = readTurn(context, folder, 3);
      assert.equal([turn?.number, turn?.over, turn?.note], [3, over, note]);
      assert.is(turn?.beat, fs.statSync(path.join(folder, '3')).mtimeMs);
      assert.is(latestTurn(context, folder)?.number, 3);
    }));
}

test('a turn that cannot be opened yet is not over; a removed turn does not exist', () =>
  inLock((folder) => {
    fs.writeFileSync(path.join(folder, '3'), '');
    const { mtimeMs } = fs.statSync(path.join(folder, '3'));
    const turn = withFs({ openSync: () => systemError('EACCES') }, () =>
      readTurn(context, folder, 3),
    );
    assert.equal([turn?.number, turn?.over, turn?.beat], [3, false, mtimeMs]);
    withFs({ openSync: () => systemError('ENOENT') }, () =>
      assert.is(readTurn(context, folder, 3), undefined),
    );
    assert.is(readTurn(context, folder, 4), undefined);
  }));

test('a turn that is not a regular file of a trusted user is over', () =>
  inLock((folder) => {
    fs.mkdirSync(path.join(folder, '3'));
    fs.symlinkSync('nowhere', path.join(folder, '4'));
    for (const number of [3, 4]) {
      const turn = readTurn(context, folder, number);
      assert.equal([turn?.number, turn?.over, turn?.beat], [number, true, 0]);
    }
    fs.writeFileSync(path.join(folder, '5'), '');
    if (process.geteuid?.() !== 0) return;
    fs.chownSync(path.join(folder, '5'), 1717, 1717);
    assert.is(readTurn(context, folder, 5)?.over, true);
  }));

test('only numbers that a lock can reach are turns', () =>
  inLock((folder) => {
    for (const name of ['0', '01', 'x', '1x', 'x1', '1'.repeat(16)]) {
      fs.writeFileSync(path.join(folder, name), '');
    }
    assert.is(latestTurn(context, folder), undefined);
    fs.writeFileSync(path.join(folder, '9'.repeat(15)), '');
    assert.is(latestTurn(context, folder)?.number, 999_999_999_999_999);
    const turn = { number: 1e12, beat: 0, holder: undefined, over: false, note: undefined };
    assert.is(isPastLimit(turn), true);
    assert.is(isPastLimit({ ...turn, number: 1e12 - 1 }), false);
  }));

test('an unreadable lock is an error; a missing lock has no turn', () =>
  inLock((folder) => {
    assert.is(latestTurn(context, `${folder}2`), undefined);
    withFs({ readdirSync: () => systemError('EIO') }, () =>
      assert.throws(() => latestTurn(context, folder), /EIO/),
    );
  }));

test('a latest turn that is removed before it is read: its successor is the latest', () =>
  inLock((folder) => {
    fs.writeFileSync(path.join(folder, '3'), '');
    const { lstatSync, readdirSync } = fs;
    let looks = 0;
    const removedFirst = (file: string) => (looks === 1 ? undefined : lstatSync(file));
    const counted = (directory: string) => {
      looks += 1;
      return readdirSync(directory);
    };
    withFs({ lstatSync: removedFirst, readdirSync: counted }, () =>
      assert.is(latestTurn(context, folder)?.number, 3),
    );
    assert.is(looks, 2);
    looks = 0;
    withFs({ lstatSync: () => undefined, readdirSync: counted }, () =>
      assert.throws(() => latestTurn(context, folder), /cannot open its latest file/),
    );
    assert.is(looks, 100);
  }));

test('a turn is opened without blocking and without following a symlink, and closed', () =>
  inLock((folder) => {
    const file = path.join(folder, '3');
    fs.writeFileSync(file, '');
    const { openSync, closeSync, lstatSync } = fs;
    let used = 0;
    let closed = 0;
    const recorded = {
      openSync: (name: string, flags: number) => {
        used = flags;
        return openSync(name, flags);
      },
      closeSync: (descriptor: number) => {
        closed += 1;
        closeSync(descriptor);
      },
    };
    withFs(recorded, () => readTurn(context, folder, 3));
    const { O_NONBLOCK, O_NOFOLLOW } = fs.constants;
    assert.equal([used, closed], [O_NONBLOCK | O_NOFOLLOW, 1]);
    // A FIFO takes its place after the check by name.
    const stat = lstatSync(file);
    fs.rmSync(file);
    execFileSync('mkfifo', [file]);
    const turn = withFs({ ...recorded, lstatSync: () => stat }, () => readTurn(context, folder, 3));
    assert.equal([turn?.number, turn?.over, closed], [3, true, 2]);
  }));

test('64 KiB of a turn are read, and not one byte more', () =>
  inLock((folder) => {
    const file = path.join(folder, '3');
    const text = '{"over":true}';
    fs.writeFileSync(file, text.padStart(64 * 1024));
    assert.is(readTurn(context, folder, 3)?.over, true);
    fs.writeFileSync(file, text.padStart(64 * 1024 + 1));
    assert.is(readTurn(context, folder, 3)?.over, false);
  }));

test('a damaged lock is renamed with its turns', () =>
  inLock((folder) => {
    fs.writeFileSync(path.join(folder, '3'), 'x');
    setLockAside(context, folder);
    const [name = ''] = fs.readdirSync(path.dirname(folder));
    assert.match(name, /^x\.lock\.damaged-[0-9a-z]+-\d+$/);
    // Another process has already renamed it.
    setLockAside(context, folder);
    withFs({ renameSync: () => systemError('EACCES') }, () =>
      assert.throws(() => setLockAside(context, folder), /EACCES/),
    );
  }));

test('a lock is removed with its turns, if it contains nothing else', () =>
  inLock((folder) => {
    for (const name of ['1', '2']) fs.writeFileSync(path.join(folder, name), '');
    removeLock(context, folder);
    assert.not.ok(fs.existsSync(folder));
    removeLock(context, folder);
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'other'), '');
    assert.throws(() => removeTurns(folder), /ENOTEMPTY/);
  }));

test('root removes no lock of another user', () =>
  inLock((folder) => {
    fs.writeFileSync(path.join(folder, '1'), '');
    withOwner(other, () =>
      fails(() => removeLock(testContext({ uid: 0 }), folder), 'storage', /root does not write to/),
    );
    assert.equal(fs.readdirSync(folder), ['1']);
  }));

test('a turn is taken once; earlier turns but the last are removed', () =>
  inLock((folder) => {
    for (const number of [1, 2, 3]) takeTurn(folder, number, { who: number })?.end('note');
    assert.equal(fs.readdirSync(folder).sort(), ['2', '3']);
    assert.is(readTurn(context, folder, 3)?.note, 'note');
    assert.is(takeTurn(folder, 3, {}), undefined);
    // A slow process takes a turn that was removed: it counts only if it is the latest.
    assert.is(takeTurn(folder, 1, {}), undefined);
    assert.equal(fs.readdirSync(folder).sort(), ['2', '3']);
    const turn = takeTurn(folder, 4, { who: 4 });
    assert.equal(readTurn(context, folder, 4)?.holder, { who: 4 });
    assert.is(turn?.isLatest(), true);
    fs.utimesSync(path.join(folder, '4'), 1, 1);
    turn?.beat();
    assert.ok(fs.statSync(path.join(folder, '4')).mtimeMs > 1000);
    fs.writeFileSync(path.join(folder, '5'), '');
    assert.is(turn?.isLatest(), false);
    fs.rmSync(path.join(folder, '5'));
    fs.rmSync(path.join(folder, '4'));
    assert.is(turn?.isLatest(), false);
    fs.writeFileSync(path.join(folder, '4'), '');
    assert.is(turn?.isLatest(), false, 'another file of that name');
    withFs({ lstatSync: () => systemError('EIO') }, () => assert.is(turn?.isLatest(), false));
    turn?.end();
  }));

/** Counts the files that are closed. */
function countedCloses() {
  const { closeSync } = fs;
  let closed = 0;
  const counted = (descriptor: number) => {
    closed += 1;
    closeSync(descriptor);
  };
  return { replaced: { closeSync: counted }, count: () => closed };
}

test('a turn that ends is over, and its file is closed', () =>
  inLock((folder) => {
    const closes = countedCloses();
    const turn = takeTurn(folder, 1, { who: 'a holder with a long name' });
    withFs(closes.replaced, () => turn?.end());
    assert.is(closes.count(), 1);
    assert.equal(readTurn(context, folder, 1)?.over, true);
  }));

test('a turn is taken in a new directory, but not if it is removed and followed meanwhile', () =>
  inLock((folder) => {
    const lock = path.join(folder, 'new');
    assert.is(takeTurn(lock, 1, {})?.isLatest(), true);
    const followed = () => {
      fs.rmSync(path.join(lock, '2'));
      fs.writeFileSync(path.join(lock, '3'), '');
    };
    withFs({ writeSync: followed }, () => assert.is(takeTurn(lock, 2, {}), undefined));
    assert.equal(fs.readdirSync(lock).sort(), ['1', '3']);
  }));

test('a turn whose file cannot be written is closed and removed', () =>
  inLock((folder) => {
    const closes = countedCloses();
    withFs({ writeSync: () => systemError('ENOSPC'), ...closes.replaced }, () =>
      assert.throws(() => takeTurn(folder, 1, {}), /ENOSPC/),
    );
    assert.equal([closes.count(), fs.readdirSync(folder)], [1, []]);
    for (const [code, isThrown] of [
      ['EACCES', true],
      ['ENOENT', false],
      ['EEXIST', false],
    ] as const) {
      withFs({ openSync: () => systemError(code) }, () => {
        const take = () => takeTurn(folder, 1, {});
        if (isThrown) assert.throws(take, /EACCES/);
        else assert.is(take(), undefined);
      });
    }
  }));

test('an action that runs without the lock counts as the holder', () =>
  inLock(async (folder) => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, '');
    const options = { timeoutMs: 0, onTimeout: 'proceed' } as const;
    const below = path.join(file, 'x.lock');
    assert.is(await withLock(context, below, (_leave, isHeld) => isHeld(), options), true);
  }));

const isLinux = process.platform === 'linux';
(isLinux ? test : test.skip)('a zombie process is dead (Linux)', async () => {
  const here = thisHolder();
  if (here === undefined) throw new Error('no process table');
  // `sleep` never waits for `cat`, which exits at the end of its input.
  const script = 'cat <&3 >/dev/null & echo $!; exec sleep 60 3<&-';
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => parent.once('exit', resolve));
  try {
    const pid = Number(String((await once(parent.stdout as Readable, 'data'))[0]));
    const words = () => fs.readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8');
    while (!words().startsWith('sleep')) await new Promise((resolve) => setImmediate(resolve));
    const input = parent.stdio[3];
    if (input instanceof Writable) input.end();
    const fields = () => {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    };
    while (fields()[0] !== 'Z') await new Promise((resolve) => setImmediate(resolve));
    const holder = { place: here.place, pid, started: fields()[19] ?? '' };
    assert.is(healthOf(holder, here), 'dead');
  } finally {
    parent.kill('SIGKILL');
    await ended;
  }
});

(isLinux ? test : test.skip)(
  'distinguishes running and dead holders by the process table (Linux)',
  async () => {
    const here = thisHolder();
    if (here === undefined) throw new Error('no process table');
    assert.match(here.place, /^[0-9a-f-]{36} pid:\[\d+\]$/);
    assert.match(here.started, /^\d+$/);
    assert.is(healthOf(here, here), 'running');
    assert.is(healthOf({ ...here, started: `${here.started}0` }, here), 'dead');
    assert.is(healthOf({ ...here, pid: 2 ** 22 + 1 }, here), 'dead');
    assert.is(healthOf({ ...here, place: 'elsewhere' }, here), 'unknown');
    assert.is(healthOf(here, undefined), 'unknown');
    const { place, pid, started } = here;
    for (const holder of [
      undefined,
      null,
      'x',
      {},
      { place, pid },
      { place, started },
      { pid, started },
      { place, started, pid: 'x' },
      { place, started, pid: 1.5 },
    ]) {
      assert.is(healthOf(holder, here), 'unknown', JSON.stringify(holder));
    }
    const child = spawn('sleep', ['60']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      const stat = fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const startedThen = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
      const sleeper = { place, pid: child.pid, started: startedThen };
      assert.is(healthOf(sleeper, here), 'running');
      child.kill('SIGSTOP');
      while (!/\) [Tt] /.test(fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8'))) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.is(healthOf(sleeper, here), 'unknown');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  },
);

test.run();
