import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processContext } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { type LockOptions, withLock } from '../../src/lock.ts';
import { thisHolder } from '../../src/lock-holder.ts';
import { latestTurn, takeTurn } from '../../src/lock-turns.ts';

const lock = suite('the lock between processes');
const context = { ...processContext(), env: {}, warn: () => {} };
const turns = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-lock-'));
let folder = '';
let count = 0;
lock.before.each(() => {
  count += 1;
  folder = path.join(turns, String(count));
});
lock.after(() => fs.rmSync(turns, { recursive: true }));

/** A clock that only waiting moves; `meanwhile` runs in every wait. */
function waiting(meanwhile: (waited: number) => void = () => {}) {
  let now = 0;
  return {
    clock: () => now,
    waited: () => now,
    pause: (milliseconds: number) => {
      now += milliseconds;
      meanwhile(now);
      return Promise.resolve();
    },
  };
}

function options<T>(more: Partial<LockOptions<T>> = {}): LockOptions<T> {
  return { limit: 10_000, otherwise: 'fail', ...more };
}

/** Somebody else's turn, by default of a process that runs: this one. */
function hold(holder: unknown = thisHolder()) {
  const turn = takeTurn(folder, (latestTurn(folder)?.number ?? 0) + 1, holder);
  if (turn === undefined) throw new Error('the turn is taken');
  return turn;
}

lock('gives what the action gives, and the next one its turn', async () => {
  assert.is(await withLock(context, folder, () => 1, options()), 1);
  assert.is(await withLock(context, folder, () => Promise.resolve(2), options()), 2);
  await withLock(context, folder, () => {}, options());
  assert.equal(fs.readdirSync(folder).sort(), ['2', '3']);
});

lock('is passed on when the action throws', async () => {
  const failing = withLock(context, folder, () => Promise.reject(new Error('no')), options());
  assert.is(await failing.catch((error: Error) => error.message), 'no');
  assert.is(latestTurn(folder)?.over, true);
});

lock('lets one act at a time, in one process too', async () => {
  let inside = 0;
  let most = 0;
  const action = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(context, folder, action, options())));
  assert.is(most, 1);
  assert.is(latestTurn(folder)?.number, 20);
});

lock('waits while the holder gives signs of life', async () => {
  const turn = hold();
  const time = waiting((waited) => {
    fs.utimesSync(path.join(folder, '1'), waited, waited);
    if (waited > 8000) turn.end();
  });
  await withLock(context, folder, () => {}, options(time));
  assert.ok(time.waited() > 8000, String(time.waited()));
});

const linux = process.platform === 'linux';
const here = thisHolder();
const holders: readonly (readonly [string, unknown, number, number])[] = [
  ['a holder of another place', { ...here, place: 'elsewhere' }, 1500, 2000],
  ['a holder that has not said who it is', null, 1500, 2000],
  ['nonsense', { pid: 'x' }, 1500, 2000],
];
const linuxHolders: typeof holders = [
  ['a process that is gone', { ...here, pid: 2 ** 22 + 1 }, 0, 50],
  ['a process whose number another one has now', { ...here, started: '1' }, 0, 50],
  ['a process that runs but is silent', here, 5000, 6000],
];
for (const [name, holder, least, most] of [...holders, ...(linux ? linuxHolders : [])]) {
  lock(`waits ${least} to ${most} ms for ${name}`, async () => {
    hold(holder);
    const time = waiting();
    assert.is(await withLock(context, folder, () => 'mine', options(time)), 'mine');
    assert.ok(time.waited() >= least && time.waited() <= most, String(time.waited()));
  });
}

// Where the action calls keychains: milliseconds until the turn is ours, or none.
const patientRows: readonly (readonly [string, unknown, number | undefined])[] = [
  ['a holder of another place', { ...here, place: 'elsewhere' }, 20_000],
  ...(linux
    ? ([
        ['a process that runs but is silent', here, undefined],
        ['a process that is gone', { ...here, pid: 2 ** 22 + 1 }, 0],
      ] as const)
    : []),
];
for (const [name, holder, least] of patientRows) {
  lock(`with a long silence waits ${least ?? 'without end'} for ${name}`, async () => {
    hold(holder);
    const time = waiting();
    const asked = options<string>({ ...time, silence: 20_000, limit: 30_000 });
    const outcome = await withLock(context, folder, () => 'mine', asked).catch(String);
    if (least === undefined) return assert.match(outcome, 'others hold it for 30 s now');
    assert.is(outcome, 'mine');
    const most = least + 1000;
    assert.ok(time.waited() >= least && time.waited() <= most, String(time.waited()));
  });
}

lock('tells its holder whether it was passed on', async () => {
  const seen: boolean[] = [];
  const action = (_: unknown, isOurs: () => boolean) => {
    seen.push(isOurs());
    hold();
    seen.push(isOurs());
  };
  await withLock(context, folder, action, options());
  assert.equal(seen, [true, false]);
});

lock('does not take its own absence for the silence of the holder', async () => {
  hold({});
  let now = 0;
  let looks = 0;
  const pause = () => {
    now += 3_600_000;
    looks += 1;
    return Promise.resolve();
  };
  await withLock(context, folder, () => {}, options({ pause, clock: () => now, limit: 1e12 }));
  assert.ok(looks >= 3, String(looks));
});

lock('stops waiting when somebody else did the work', async () => {
  const turn = hold();
  const time = waiting(() => turn.beat());
  let asked = 0;
  const meanwhile = () => {
    asked += 1;
    return asked === 3 ? 'done' : undefined;
  };
  const answer = await withLock(context, folder, () => 'own', options({ ...time, meanwhile }));
  assert.is(answer, 'done');
  turn.end();
});

lock('shows what the holder left to those who waited for it, and to nobody else', async () => {
  const turn = hold();
  const time = waiting((waited) => {
    if (waited > 100) turn.end('broken');
  });
  const meanwhile = (note?: string) => note;
  const late = await withLock(context, folder, () => 'own', options({ ...time, meanwhile }));
  assert.is(late, 'broken');
  assert.is(await withLock(context, folder, () => 'own', options({ meanwhile })), 'own');
});

lock('shows it even if there was another turn since', async () => {
  const turn = hold();
  const time = waiting((waited) => {
    if (waited <= 100) return;
    turn.end('broken');
    hold();
  });
  const meanwhile = (note?: string) => note;
  assert.is(
    await withLock(context, folder, () => 'own', options({ ...time, meanwhile })),
    'broken',
  );
});

lock('at the limit fails, or goes on, as asked', async () => {
  const turn = hold();
  const time = () => waiting(() => turn.beat());
  const failing = withLock(context, folder, () => 'own', options({ ...time(), limit: 300 }));
  const error = await failing.catch((reason: unknown) => reason);
  assert.instance(error, HelperError);
  assert.match(String(error), /cannot lock .* \(others hold it for 0.3 s now\); try again/);
  const going = options<string>({ ...time(), limit: 300, otherwise: 'proceed' });
  assert.is(await withLock(context, folder, () => 'own', going), 'own');
  turn.end();
});

lock('fails, or goes on, where there can be no lock', async () => {
  fs.writeFileSync(folder, 'a file');
  const failing = withLock(context, folder, () => 'own', options());
  assert.match(String(await failing.catch(String)), /cannot lock .* \(ENOTDIR|EEXIST\); try/);
  const going = options<string>({ otherwise: 'proceed' });
  assert.is(await withLock(context, folder, () => 'own', going), 'own');
});

lock('is not kept busy by a dead link in the place of a turn', async () => {
  fs.mkdirSync(folder);
  fs.symlinkSync('nowhere', path.join(folder, '1'));
  const failing = withLock(context, folder, () => 'own', options());
  assert.match(String(await failing.catch(String)), /its latest turn cannot be opened/);
});

lock('lets one win where many follow a lost turn', () => {
  hold({});
  const winners = Array.from({ length: 20 }, () => takeTurn(folder, 2, here)).filter(Boolean);
  assert.is(winners.length, 1);
});

lock('gives no turn to the slow, who would create an earlier one again', () => {
  for (let turn = 1; turn <= 3; turn += 1) hold().end();
  const live = hold();
  assert.equal(fs.readdirSync(folder).sort(), ['3', '4']);
  assert.is(takeTurn(folder, 2, here), undefined);
  assert.equal(fs.readdirSync(folder).sort(), ['3', '4']);
  live.end();
});

lock('minds no other files, and keeps others from reading its own', async () => {
  fs.mkdirSync(folder);
  for (const name of ['notes', '007', '.9', '1e9', '-1'])
    fs.writeFileSync(path.join(folder, name), '');
  await withLock(context, folder, () => {}, options());
  assert.is(latestTurn(folder)?.number, 1);
  assert.is(fs.statSync(path.join(folder, '1')).mode & 0o077, 0);
});

lock.run();
