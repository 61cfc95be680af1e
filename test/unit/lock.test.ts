import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { type LockOptions, withLock } from '../../src/files/lock.ts';
import { thisHolder } from '../../src/files/lock-holder.ts';
import { latestTurn, takeTurn } from '../../src/files/lock-turns.ts';
import { processContext } from '../../src/process-context.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const lock = suite('inter-process lock');
const context = { ...processContext(), env: {}, warn: () => {} };
const turns = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-lock-'));
let folder = '';
let count = 0;
lock.before.each(() => {
  count += 1;
  folder = path.join(turns, String(count));
});
lock.after(() => fs.rmSync(turns, { recursive: true }));

/** A clock that only waiting advances; `meanwhile` runs during every wait. */
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
  return { timeoutMs: 10_000, onTimeout: 'fail', ...more };
}

/** Takes a turn for another holder; by default for a running process: this one. */
function hold(holder: unknown = thisHolder()) {
  const turn = takeTurn(folder, (latestTurn(context, folder)?.number ?? 0) + 1, holder);
  if (turn === undefined) throw new Error('the turn is taken');
  return turn;
}

lock('returns the result of the action and releases the lock', async () => {
  assert.is(await withLock(context, folder, () => 1, options()), 1);
  assert.is(await withLock(context, folder, () => Promise.resolve(2), options()), 2);
  await withLock(context, folder, () => {}, options());
  assert.equal(fs.readdirSync(folder).sort(), ['2', '3']);
});

lock('is released when the action throws', async () => {
  const failing = withLock(context, folder, () => Promise.reject(new Error('no')), options());
  assert.is(await failing.catch((error: Error) => error.message), 'no');
  assert.is(latestTurn(context, folder)?.over, true);
});

lock('runs one action at a time, including within one process', async () => {
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
  assert.is(latestTurn(context, folder)?.number, 20);
});

lock('waits while the holder sends heartbeats', async () => {
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
  [
    'a holder on another machine or in another PID namespace',
    { ...here, place: 'elsewhere' },
    1500,
    2000,
  ],
  ['a holder that is not recorded', null, 1500, 2000],
  ['an invalid holder', { pid: 'x' }, 1500, 2000],
];
const linuxHolders: typeof holders = [
  ['a process that has exited', { ...here, pid: 2 ** 22 + 1 }, 0, 50],
  ['a process with a reused PID', { ...here, started: '1' }, 0, 50],
  ['a running process without heartbeats', here, 5000, 6000],
];
for (const [name, holder, least, most] of [...holders, ...(linux ? linuxHolders : [])]) {
  lock(`waits ${least} to ${most} ms for ${name}`, async () => {
    hold(holder);
    const time = waiting();
    assert.is(await withLock(context, folder, () => 'mine', options(time)), 'mine');
    assert.ok(time.waited() >= least && time.waited() <= most, String(time.waited()));
  });
}

// Options for actions that call keychains: milliseconds until the lock is taken over, or never.
const patientRows: readonly (readonly [string, unknown, number | undefined])[] = [
  [
    'a holder on another machine or in another PID namespace',
    { ...here, place: 'elsewhere' },
    20_000,
  ],
  ...(linux
    ? ([
        ['a running process without heartbeats', here, undefined],
        ['a process that has exited', { ...here, pid: 2 ** 22 + 1 }, 0],
      ] as const)
    : []),
];
for (const [name, holder, least] of patientRows) {
  lock(
    `with a long heartbeat timeout: waits ${least === undefined ? 'until the limit' : `${least} ms`} for ${name}`,
    async () => {
      hold(holder);
      const time = waiting();
      const asked = options<string>({ ...time, staleAfterMs: 20_000, timeoutMs: 30_000 });
      const outcome = await withLock(context, folder, () => 'mine', asked).catch(String);
      if (least === undefined) return assert.match(outcome, 'another process has held it for 30 s');
      assert.is(outcome, 'mine');
      const most = least + 1000;
      assert.ok(time.waited() >= least && time.waited() <= most, String(time.waited()));
    },
  );
}

lock('reports to its holder if it was taken over', async () => {
  const seen: boolean[] = [];
  const action = (_: unknown, isHeld: () => boolean) => {
    seen.push(isHeld());
    hold();
    seen.push(isHeld());
  };
  await withLock(context, folder, action, options());
  assert.equal(seen, [true, false]);
});

lock('does not count its own suspension as missing heartbeats', async () => {
  hold({});
  let now = 0;
  let looks = 0;
  const pause = () => {
    now += 3_600_000;
    looks += 1;
    return Promise.resolve();
  };
  await withLock(context, folder, () => {}, options({ pause, clock: () => now, timeoutMs: 1e12 }));
  assert.ok(looks >= 3, String(looks));
});

lock('stops waiting when another process has done the work', async () => {
  const turn = hold();
  const time = waiting(() => turn.beat());
  let asked = 0;
  const poll = () => {
    asked += 1;
    return asked === 3 ? 'done' : undefined;
  };
  const answer = await withLock(context, folder, () => 'own', options({ ...time, poll }));
  assert.is(answer, 'done');
  turn.end();
});

lock('passes the holder’s note to waiting processes only', async () => {
  const turn = hold();
  const time = waiting((waited) => {
    if (waited > 100) turn.end('broken');
  });
  const poll = (note?: string) => note;
  const late = await withLock(context, folder, () => 'own', options({ ...time, poll }));
  assert.is(late, 'broken');
  assert.is(await withLock(context, folder, () => 'own', options({ poll })), 'own');
});

lock('passes the note even after another turn', async () => {
  const turn = hold();
  const time = waiting((waited) => {
    if (waited <= 100) return;
    turn.end('broken');
    hold();
  });
  const poll = (note?: string) => note;
  assert.is(await withLock(context, folder, () => 'own', options({ ...time, poll })), 'broken');
});

lock('at the time timeoutMs: fails or proceeds, as requested', async () => {
  const turn = hold();
  const time = () => waiting(() => turn.beat());
  const failing = withLock(context, folder, () => 'own', options({ ...time(), timeoutMs: 300 }));
  const error = await failing.catch((reason: unknown) => reason);
  assert.instance(error, HelperError);
  assert.match(String(error), /cannot lock .* \(another process has held it for 0.3 s\)$/);
  assert.is((error as HelperError).hint, 'try again');
  const going = options<string>({ ...time(), timeoutMs: 300, onTimeout: 'proceed' });
  assert.is(await withLock(context, folder, () => 'own', going), 'own');
  turn.end();
});

/** Without jitter, so that times are exact; the waits of a process are recorded. */
async function exactly<T>(more: Partial<LockOptions<T>>, use: () => T, jitter = 0) {
  const { random } = Math;
  Math.random = () => jitter;
  const waits: number[] = [];
  let now = 1000;
  const pause = async (milliseconds: number) => {
    waits.push(milliseconds);
    now += milliseconds;
  };
  try {
    const asked = options<T>({ pause, clock: () => now, ...more });
    const outcome = await withLock(context, folder, use, asked).catch((error: unknown) => error);
    return { outcome, waits, waited: now - 1000 };
  } finally {
    Math.random = random;
  }
}

for (const [what, holder, more, expected] of [
  ['an unknown holder', {}, {}, 1500],
  ...(linux ? [['a running process', here, {}, 5000] as const] : []),
  ['an unknown holder with a long heartbeat timeout', {}, { staleAfterMs: 4000 }, 4000],
] as const) {
  lock(`takes over from ${what} after ${expected} ms without a heartbeat`, async () => {
    hold(holder);
    const { outcome, waited } = await exactly(more, () => 'mine');
    assert.equal([outcome, waited], ['mine', expected]);
  });
}

lock(
  'looks every 20 ms, and up to 20 ms later; the first time after the initial delay',
  async () => {
    hold();
    const rows = [
      [{}, 0, [20, 20, 20]],
      [{}, 0.5, [30, 30]],
      [{ initialDelayMs: 40 }, 0, [40, 20]],
    ] as const;
    for (const [more, jitter, expected] of rows) {
      const { waits } = await exactly({ ...more, timeoutMs: 60 }, () => 'mine', jitter);
      assert.equal(waits, expected);
    }
  },
);

lock('gives up exactly at the limit, with a storage error', async () => {
  hold();
  const { outcome, waited } = await exactly({ timeoutMs: 300 }, () => 'mine');
  assert.ok(outcome instanceof HelperError);
  assert.equal([outcome.code, waited], ['storage', 300]);
});

lock('tries again if another process takes the same turn first', async () => {
  const { openSync } = fs;
  let isTaken = false;
  const takenOnce = (file: string, flags: number, mode?: number) => {
    if (isTaken || path.dirname(file) !== folder) return openSync(file, flags, mode);
    isTaken = true;
    return systemError('EEXIST');
  };
  const { outcome } = await withFs({ openSync: takenOnce }, () => exactly({}, () => 'mine'));
  assert.equal([outcome, isTaken], ['mine', true]);
});

lock('measures the time itself by default', async () => {
  hold();
  const failing = withLock(context, folder, () => 'mine', options({ timeoutMs: 0 }));
  assert.match(String(await failing.catch(String)), /another process has held it for 0 s/);
});

lock('counts a long gap between two looks as half a second', async () => {
  hold({});
  let now = 0;
  let looks = 0;
  const pause = async () => {
    now += 3_600_000;
    looks += 1;
  };
  await exactly({ pause, clock: () => now, timeoutMs: 1e12 }, () => {});
  assert.is(looks, 3);
});

lock('throws an error of `poll` as it is', async () => {
  const turn = hold();
  const bug = new TypeError('a bug');
  const poll = () => {
    throw bug;
  };
  for (const onTimeout of ['fail', 'proceed'] as const) {
    assert.is((await exactly({ poll, onTimeout }, () => 'own')).outcome, bug);
  }
  turn.end();
});

lock('names the system’s error, and its cause', async () => {
  fs.mkdirSync(folder);
  const { readdirSync } = fs;
  const fault = Object.assign(new Error('refused'), { code: 'EIO' });
  for (const [error, reason] of [
    [fault, 'EIO'],
    [new Error('other'), 'Error: other'],
  ] as const) {
    const failing = () => {
      throw error;
    };
    Object.assign(fs, { readdirSync: failing });
    const { outcome } = await exactly({}, () => 'own').finally(() =>
      Object.assign(fs, { readdirSync }),
    );
    assert.ok(outcome instanceof HelperError);
    const { code, message, hint, cause } = outcome;
    const expected = ['storage', `cannot lock ${folder} (${reason})`, 'try again', error];
    assert.equal([code, message, hint, cause], expected);
  }
});

lock('says in debug output that it continues without the lock', async () => {
  fs.writeFileSync(folder, 'a file');
  const warnings: string[] = [];
  const env = { DOCKER_CREDENTIAL_ICR_DEBUG: '1' };
  const talking = { ...context, env, warn: (line: string) => void warnings.push(line) };
  await withLock(talking, folder, () => 'own', options({ onTimeout: 'proceed' }));
  assert.match(warnings.join(), /^cannot lock .*; continuing without the lock$/);
});

lock('keeps the last note for waiting processes', async () => {
  await withLock(
    context,
    folder,
    (leave) => {
      leave('first');
      leave('last');
    },
    options(),
  );
  assert.is(latestTurn(context, folder)?.note, 'last');
});

lock('fails or proceeds if the lock cannot be created', async () => {
  fs.writeFileSync(folder, 'a file');
  const failing = withLock(context, folder, () => 'own', options());
  assert.match(String(await failing.catch(String)), /is a regular file, not a directory$/);
  const going = options<string>({ onTimeout: 'proceed' });
  assert.is(await withLock(context, folder, () => 'own', going), 'own');
});

const live = JSON.stringify({ holder: here });
const outside = path.join(turns, 'outside');
const notTurns: readonly (readonly [string, (file: string) => void])[] = [
  ['a dangling symlink', (file) => fs.symlinkSync('nowhere', file)],
  ['a symlink to itself', (file) => fs.symlinkSync(path.basename(file), file)],
  ['a symlink to a live turn', (file) => fs.symlinkSync(outside, file)],
  ['a directory', (file) => fs.mkdirSync(path.join(file, 'full'), { recursive: true })],
  ['a FIFO', (file) => execFileSync('mkfifo', [file])],
  ...(process.geteuid?.() === 0
    ? ([
        [
          'a live turn of another user',
          (file: string) => {
            fs.writeFileSync(file, live);
            fs.chownSync(file, 65534, 65534);
          },
        ],
      ] as const)
    : []),
];
for (const number of ['1', '2', '999999999998', '999999999999999']) {
  for (const [name, make] of notTurns) {
    lock(`is not blocked by ${name} as turn ${number}`, async () => {
      fs.mkdirSync(folder);
      fs.writeFileSync(outside, live);
      make(path.join(folder, number));
      const time = waiting();
      for (let turn = 0; turn < 3; turn += 1)
        assert.is(await withLock(context, folder, () => 'own', options(time)), 'own');
      assert.is(time.waited(), 0);
      assert.is(fs.readFileSync(outside, 'utf8'), live);
    });
  }
}

for (const number of ['999999999998', '999999999999', '1000000000000', '999999999999999']) {
  for (const text of ['{"over":true}', '', 'garbage', '{"note":5}', 'null', live]) {
    lock(
      `continues after turn ${number} with content ${text.slice(0, 16) || '(empty)'}`,
      async () => {
        fs.mkdirSync(folder);
        fs.writeFileSync(path.join(folder, number), text, { mode: 0o600 });
        const time = waiting();
        for (let turn = 0; turn < 4; turn += 1)
          assert.is(await withLock(context, folder, () => 'own', options(time)), 'own');
        assert.ok(time.waited() < 6000, String(time.waited()));
      },
    );
  }
}

lock('reports to its holder if its directory was replaced', async () => {
  const seen: boolean[] = [];
  const action = (_: unknown, isHeld: () => boolean) => {
    fs.renameSync(folder, `${folder}.gone`);
    hold();
    seen.push(isHeld());
  };
  await withLock(context, folder, action, options());
  assert.equal(seen, [false]);
});

for (const [name, make] of notTurns.filter(([kind]) => !/turn|directory/.test(kind))) {
  lock(`does not use ${name} as its directory`, async () => {
    folder += '.lock';
    make(folder);
    const failing = withLock(context, folder, () => 'own', options());
    assert.match(
      String(await failing.catch(String)),
      /\.lock is a (symlink|FIFO), not a directory$/,
    );
    const going = options<string>({ onTimeout: 'proceed' });
    assert.is(await withLock(context, folder, () => 'own', going), 'own');
  });
}

lock('has one winner if many processes take over a stale turn', () => {
  hold({});
  const winners = Array.from({ length: 20 }, () => takeTurn(folder, 2, here)).filter(Boolean);
  assert.is(winners.length, 1);
});

lock('refuses a slow process that would create an earlier turn again', () => {
  for (let turn = 1; turn <= 3; turn += 1) hold().end();
  const live = hold();
  assert.equal(fs.readdirSync(folder).sort(), ['3', '4']);
  assert.is(takeTurn(folder, 2, here), undefined);
  assert.equal(fs.readdirSync(folder).sort(), ['3', '4']);
  live.end();
});

lock('ignores unrelated files and makes its own files private', async () => {
  fs.mkdirSync(folder);
  for (const name of ['notes', '007', '.9', '1e9', '-1'])
    fs.writeFileSync(path.join(folder, name), '');
  await withLock(context, folder, () => {}, options());
  assert.is(latestTurn(context, folder)?.number, 1);
  assert.is(fs.statSync(path.join(folder, '1')).mode & 0o077, 0);
});

lock.run();
