import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collectEntries } from '../../src/access-log/collect.ts';
import { type AccessEntry, formatEntry, parseEntry } from '../../src/access-log/entry.ts';
import { readHistory } from '../../src/access-log/history.ts';
import { accessLogger, type HandedOut } from '../../src/access-log/log-access.ts';
import { appendToLog } from '../../src/access-log/log-file.ts';
import { visible } from '../../src/visible.ts';
import { noon, testContext } from '../support/context.ts';
import { type Home, inHome } from '../support/home.ts';
import { fails, failureOf } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('access log');

const handedOut: HandedOut = {
  command: 'get',
  host: 'us.icr.io',
  credential: { username: 'iamapikey', identity: 'work', expiresAt: noon + 1000 },
  secret: 'canary-secret',
};

function folderOf({ config }: Home): string {
  return path.join(config, 'access-log');
}

let count = 0;

/** Returns numbers for unique names that are not small enough for a collection. */
function unique(): number {
  count += 1;
  return 0.01 + (count % 1000) / 1100;
}

/** Adds entries with these process IDs, each a second later. */
async function addEntries(home: Home, count: number, given: Partial<HandedOut> = {}) {
  for (let pid = 1; pid <= count; pid += 1) {
    const context = testContext({ env: home.env, pid, now: () => noon + pid * 1000 });
    const log = await accessLogger(context, Promise.resolve({ accessLog: true }), unique);
    await log?.({ ...handedOut, ...given });
  }
}

function textOf(home: Home): string {
  const folder = folderOf(home);
  return fs
    .readdirSync(folder)
    .map((name) => {
      const file = path.join(folder, name);
      return fs.lstatSync(file).isFile() ? fs.readFileSync(file, 'utf8') : '';
    })
    .join('');
}

function appendToLogOf(home: Home): void {
  const append = () => appendToLog(testContext(), folderOf(home), 'one line\n', 1e6);
  fails(append, 'storage');
}

async function pidsIn(home: Home): Promise<number[]> {
  return (await readHistory(testContext({ env: home.env }))).map(({ pid }) => pid);
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('each entry is one line, without control characters in the log, whatever is in it', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 });
  const entries = fc.record({ host: text, identity: text, username: text, program: text });
  fc.assert(
    fc.property(entries, (fields) => {
      const entry = { time: new Date(noon).toISOString(), command: 'get', pid: 1, ...fields };
      const line = formatEntry(entry);
      assert.match(line ?? '', /^[^\n]+\n$/);
      const appended = visible((line ?? '').trimEnd());
      assert.not.match(appended, /[\p{C}\p{Zl}\p{Zp}]/u);
      assert.equal(parseEntry(appended), entry);
    }),
  );
});

test('an entry that is too long is not logged', () =>
  assert.is(formatEntry({ time: '', command: 'get', pid: 1, host: 'a'.repeat(4096) }), undefined));

const invalid: readonly Partial<Record<keyof AccessEntry, unknown>>[] = [
  { time: 'today' },
  { time: 1 },
  { host: '' },
  { host: undefined },
  { command: 1 },
  { pid: '1' },
  { identity: {} },
  { program: null },
];
for (const fields of invalid) {
  test(`a line with ${JSON.stringify(fields)} is not an entry`, () => {
    const entry = { time: '2026-01-01T12:00:00.000Z', command: 'get', host: 'icr.io', pid: 1 };
    assert.ok(parseEntry(JSON.stringify(entry)));
    assert.is(parseEntry(JSON.stringify({ ...entry, ...fields })), undefined);
  });
}

for (const [what, settings] of [
  ['off', async () => ({})],
  ['off explicitly', async () => ({ accessLog: false })],
  ['on, but the settings cannot be read', () => Promise.reject(new Error('damaged'))],
] as const) {
  test(`writes nothing if it is ${what}`, () =>
    inHome(async (home) => {
      assert.is(await accessLogger(testContext({ env: home.env }), settings()), undefined);
      assert.equal(fs.readdirSync(home.folder), []);
    }));
}

test('has time, host, identity, user name, expiry and program, but not the secret', () =>
  inHome(async (home) => {
    const parentProgram = async () => 'docker\u001b[31m';
    const context = testContext({ env: home.env, pid: 7, parentProgram });
    await (await accessLogger(context, Promise.resolve({ accessLog: true })))?.(handedOut);
    assert.equal(await readHistory(testContext({ env: home.env })), [
      {
        time: '2026-01-01T12:00:00.000Z',
        command: 'get',
        host: 'us.icr.io',
        identity: 'work',
        username: 'iamapikey',
        expires: '2026-01-01T12:00:01.000Z',
        program: 'docker\u001b[31m',
        pid: 7,
      },
    ]);
    assert.not.match(textOf(home), 'canary');
    assert.not.match(textOf(home), '\u001b');
  }));

test('contains the expiry of a token', () =>
  inHome(async (home) => {
    const payload = Buffer.from(JSON.stringify({ exp: noon / 1000 })).toString('base64url');
    const credential = { username: 'iambearer', identity: 'work' };
    await addEntries(home, 1, { credential, secret: `canary.${payload}.canary` });
    const [entry] = await readHistory(testContext({ env: home.env }));
    assert.is(entry?.expires, '2026-01-01T12:00:00.000Z');
  }));

test('omits a user name of docker login that could be a secret', () =>
  inHome(async (home) => {
    await addEntries(home, 1, { credential: { username: 'canary-typed-as-user' } });
    await addEntries(home, 1, { credential: { username: '<token>' } });
    const names = (await readHistory(testContext({ env: home.env }))).map((each) => each.username);
    assert.equal(names, [undefined, '<token>']);
    assert.not.match(textOf(home), 'canary');
  }));

test('is readable only by its owner', () =>
  inHome(async (home) => {
    await addEntries(home, 2);
    const modes = () =>
      fs
        .readdirSync(folderOf(home))
        .map((name) => fs.statSync(path.join(folderOf(home), name)).mode & 0o777);
    assert.equal([...new Set(modes())], [0o600]);
    await collectEntries(testContext({ env: home.env }));
    assert.is(fs.statSync(folderOf(home)).mode & 0o777, 0o700);
    assert.is(fs.statSync(path.join(folderOf(home), 'access.log')).mode & 0o777, 0o600);
  }));

test('umask 777: its owner can read and append to the log', () =>
  inHome(async (home) => {
    await addEntries(home, 1);
    const before = process.umask(0o777);
    try {
      await collectEntries(testContext({ env: home.env }));
    } finally {
      process.umask(before);
    }
    assert.is(fs.statSync(path.join(folderOf(home), 'access.log')).mode & 0o777, 0o600);
  }));

test('an entry that cannot be written fails nothing', () =>
  inHome(async (home) => {
    fs.mkdirSync(home.config, { recursive: true, mode: 0o700 });
    fs.writeFileSync(folderOf(home), '');
    await addEntries(home, 1);
    assert.is(fs.readFileSync(folderOf(home), 'utf8'), '');
  }));

test('entries are appended to the log in order, and their files removed', () =>
  inHome(async (home) => {
    await addEntries(home, 3);
    await collectEntries(testContext({ env: home.env }));
    assert.equal(
      fs.readdirSync(folderOf(home)).filter((name) => !name.endsWith('.lock')),
      ['access.log'],
    );
    await addEntries(home, 1, { host: 'de.icr.io' });
    assert.equal(await pidsIn(home), [1, 1, 2, 3]);
  }));

test('rotation keeps the previous log', () =>
  inHome(async (home) => {
    for (const host of ['a.icr.io', 'b.icr.io', 'c.icr.io']) {
      await addEntries(home, 4, { host });
      await collectEntries(testContext({ env: home.env }), 700);
    }
    assert.equal(
      fs
        .readdirSync(folderOf(home))
        .filter((name) => !name.endsWith('.lock'))
        .sort(),
      ['access.log', 'access.log.1'],
    );
    const hosts = (await readHistory(testContext({ env: home.env }))).map(({ host }) => host);
    assert.equal([...new Set(hosts)].sort(), ['b.icr.io', 'c.icr.io']);
  }));

test('parallel writers and collectors lose nothing', () =>
  inHome(async (home) => {
    const work = upTo(40).map(async (pid) => {
      const context = testContext({ env: home.env, pid });
      const log = await accessLogger(
        context,
        Promise.resolve({ accessLog: true }),
        () => pid / 100,
      );
      await log?.(handedOut);
      await collectEntries(context).catch(() => {});
    });
    await Promise.all(work);
    assert.equal(
      (await pidsIn(home)).sort((a, b) => a - b),
      upTo(40),
    );
  }));

test('a collector that was killed after the append: readers ignore the repeated lines', () =>
  inHome(async (home) => {
    await addEntries(home, 3);
    const names = fs.readdirSync(folderOf(home));
    const copies = names.map((name) => fs.readFileSync(path.join(folderOf(home), name)));
    await collectEntries(testContext({ env: home.env }));
    for (const [index, name] of names.entries()) {
      fs.writeFileSync(path.join(folderOf(home), name), copies[index] ?? '', { mode: 0o600 });
    }
    assert.equal(await pidsIn(home), [1, 2, 3]);
    assert.equal(await pidsIn(home), [1, 2, 3]);
  }));

test('a partial line at the end of the log does not damage the next one', () =>
  inHome(async (home) => {
    await addEntries(home, 1);
    await collectEntries(testContext({ env: home.env }));
    fs.appendFileSync(path.join(folderOf(home), 'access.log'), '{"time":');
    await addEntries(home, 1, { host: 'de.icr.io' });
    await collectEntries(testContext({ env: home.env }));
    const hosts = (await readHistory(testContext({ env: home.env }))).map(({ host }) => host);
    assert.equal(hosts.sort(), ['de.icr.io', 'us.icr.io']);
  }));

test('an incomplete entry is left to the process that writes it, and removed a minute later', () =>
  inHome(async (home) => {
    await addEntries(home, 1);
    const file = path.join(folderOf(home), '1-2-abc.entry');
    const clocks = fc.integer({ min: -1e9, max: 1e9 });
    const ages = fc.oneof(fc.integer({ min: -1000, max: 50 }), fc.integer({ min: 70, max: 1e6 }));
    await fc.assert(
      fc.asyncProperty(clocks, ages, async (skewMs, ageSeconds) => {
        fs.writeFileSync(file, '{"time":', { mode: 0o600 });
        const time = Date.now() / 1000 - ageSeconds;
        fs.utimesSync(file, time, time);
        // The clock of a file server can differ from the local one.
        await collectEntries(testContext({ env: home.env, now: () => Date.now() + skewMs }));
        assert.is(fs.existsSync(file), ageSeconds < 60);
      }),
    );
    assert.equal(await pidsIn(home), [1]);
    const others = fs.readdirSync(folderOf(home)).filter((name) => !/\.(lock|entry)$/.test(name));
    assert.equal(others, ['access.log']);
  }));

const plants = {
  'a symlink': (file: string, target: string) => fs.symlinkSync(target, file),
  'a dangling symlink': (file: string, target: string) => fs.symlinkSync(`${target}-gone`, file),
  'a FIFO': (file: string) => void execFileSync('mkfifo', [file]),
  'a directory': (file: string) => fs.mkdirSync(file),
};
for (const [what, plant] of Object.entries(plants)) {
  test(`${what} in the place of the log is neither followed nor waited for, and no entry is lost`, () =>
    inHome(async (home) => {
      await addEntries(home, 2);
      const target = path.join(home.folder, 'target');
      fs.writeFileSync(target, 'unchanged');
      plant(path.join(folderOf(home), 'access.log'), target);
      await failureOf(collectEntries(testContext({ env: home.env })));
      assert.equal(await pidsIn(home), [1, 2]);
      assert.is(fs.readFileSync(target, 'utf8'), 'unchanged');
      assert.not.ok(fs.existsSync(`${target}-gone`));
    }));

  test(`${what} with the name of an entry is ignored`, () =>
    inHome(async (home) => {
      await addEntries(home, 1);
      const target = path.join(home.folder, 'target');
      fs.writeFileSync(target, textOf(home).replace('work', 'planted'));
      const planted = path.join(folderOf(home), '1-1-planted.entry');
      plant(planted, target);
      const entries = await readHistory(testContext({ env: home.env }));
      assert.equal(
        entries.map(({ identity }) => identity),
        ['work'],
      );
      assert.ok(fs.lstatSync(planted));
    }));
}

test('a full disk: the log has no partial line, and no entry is lost', () =>
  inHome(async (home) => {
    await addEntries(home, 1);
    const context = testContext({ env: home.env });
    await collectEntries(context);
    const before = fs.readFileSync(path.join(folderOf(home), 'access.log'), 'utf8');
    await addEntries(home, 1, { host: 'de.icr.io' });
    const { writeFileSync } = fs;
    const writeHalf = (descriptor: number, text: string) => {
      writeFileSync(descriptor, text.slice(0, text.length / 2));
      systemError('ENOSPC');
    };
    const collected = withFs({ writeFileSync: writeHalf }, () => {
      appendToLogOf(home);
    });
    assert.is(collected, undefined);
    assert.is(fs.readFileSync(path.join(folderOf(home), 'access.log'), 'utf8'), before);
    assert.is((await readHistory(context)).length, 2);
  }));

test('one of 128 processes collects the entries', () =>
  inHome(async (home) => {
    await addEntries(home, 3);
    const context = testContext({ env: home.env, pid: 4, now: () => noon + 9000 });
    const log = await accessLogger(context, Promise.resolve({ accessLog: true }), () => 1 / 129);
    await log?.(handedOut);
    const lines = fs.readFileSync(path.join(folderOf(home), 'access.log'), 'utf8').split('\n');
    assert.is(lines.length, 5);
  }));

test.run();
