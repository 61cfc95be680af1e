import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { withLock } from '../../src/files/lock.ts';
import { temporaryName } from '../../src/files/temporary-files.ts';
import { freshToken } from '../../src/iam/cache.ts';
import {
  lockFolder,
  readTokenSync,
  removeEveryToken,
  removeToken,
  writeToken,
} from '../../src/iam/cache-file.ts';
import {
  type CacheEntry,
  hasTimeLeft,
  isFresh,
  matchesKey,
  parseEntry,
  refreshTokenOf,
  renewalTime,
} from '../../src/iam/cached-token.ts';
import { noon, type TestContext, testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';

const test = suite('files of the token cache');

const minute = 60_000;
const token = { token: 'canary', issuedAt: noon, expiresAt: noon + 60 * minute, since: 1 };

function inCache(use: (folder: string) => void | Promise<void>): Promise<void> {
  return inHome(({ folder }) => use(path.join(folder, 'cache')));
}

test('a full logout removes every cached token, and only these', () =>
  inCache((folder) => {
    const context = testContext();
    for (const name of ['work', 'work iamrefresh', 'pod a:b 0', 'us.icr.io/ns']) {
      writeToken(context, { folder, name, since: 1 }, token);
    }
    const entry = JSON.stringify({ name: 'work', ...token });
    const others = { 'notes.json': '{}', 'other.json': entry, 'work.txt': entry, 'x.json': 'x' };
    for (const [name, text] of Object.entries(others)) {
      fs.writeFileSync(path.join(folder, name), text);
    }
    fs.mkdirSync(path.join(folder, 'directory.json'));
    removeEveryToken(context, folder);
    const left = fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
    assert.equal(left.sort(), [...Object.keys(others), 'directory.json'].sort());
  }));

test('to forget one token leaves the others', () =>
  inCache((folder) => {
    const context = testContext();
    for (const name of ['a', 'b']) writeToken(context, { folder, name, since: 1 }, token);
    removeToken(context, { folder, name: 'a' });
    removeToken(context, { folder: undefined, name: 'b' });
    assert.is(readTokenSync(context, { folder, name: 'a', since: 1 }), undefined);
    assert.is(readTokenSync(context, { folder, name: 'b', since: 1 })?.token, 'canary');
  }));

test('without a directory nothing is read or written', () => {
  const context = testContext();
  const key = { folder: undefined, name: 'work', since: 1 };
  writeToken(context, key, token);
  assert.is(readTokenSync(context, key), undefined);
  assert.equal(context.warnings, []);
});

test('a bug while a token is written or read is not a warning', () =>
  inCache((folder) => {
    const now = () => {
      throw new TypeError('a bug');
    };
    const key = { folder, name: 'work', since: 1 };
    writeToken(testContext(), key, token);
    assert.throws(() => readTokenSync(testContext({ now }), key), /a bug/);
    const circular = { ...token, failure: { at: 1, why: 'x' } };
    Object.assign(circular.failure, { circular });
    assert.throws(() => writeToken(testContext(), key, circular), TypeError);
  }));

const entry: CacheEntry = { name: 'work', ...token };
const key = { folder: '/cache', name: 'work', since: 1 };
const fits: readonly (readonly [what: string, entry: object, key: object, expected: boolean])[] = [
  ['the same', {}, {}, true],
  ['another name', {}, { name: 'Work' }, false],
  ['another root secret', {}, { since: 2 }, false],
  ['another IAM', {}, { endpoint: 'https://iam.example' }, false],
  ['the same other IAM', { endpoint: 'x' }, { endpoint: 'x' }, true],
  ['issued in 5 min', { issuedAt: noon + 5 * minute }, {}, true],
  ['issued later', { issuedAt: noon + 5 * minute + 1 }, {}, false],
];
for (const [what, fields, asked, expected] of fits) {
  test(`a token is${expected ? '' : ' not'} for a key if it has ${what}`, () =>
    assert.is(matchesKey({ ...entry, ...fields }, { ...key, ...asked }, noon), expected));
}

test('an entry survives a round trip', () => {
  const failed = { ...entry, failure: { at: noon, why: 'IAM is unreachable' } };
  for (const each of [entry, failed]) assert.equal(parseEntry(JSON.stringify(each)), each);
});

const damaged: readonly object[] = [
  { name: 1 },
  { name: undefined },
  { token: '' },
  { token: 1 },
  { issuedAt: '1' },
  { expiresAt: undefined },
  { since: null },
  { failure: null },
  { failure: 3 },
  { failure: {} },
  { failure: { at: 1 } },
  { failure: { why: 'x' } },
  { failure: { at: '1', why: 'x' } },
  { failure: { at: 1, why: 2 } },
];
for (const fields of damaged) {
  test(`an entry is damaged if it has ${JSON.stringify(fields)}`, () =>
    assert.is(parseEntry(JSON.stringify({ ...entry, ...fields })), undefined));
}

const renewal = renewalTime(token);
const failure = { at: renewal + minute, why: 'x' };
const usable: readonly (readonly [what: string, fields: object, at: number, expected: boolean])[] =
  [
    ['before it is due', {}, renewal - 1, true],
    ['when it is due', {}, renewal, false],
    ['when renewal has just failed', { failure }, failure.at, true],
    ['before renewal failed, by a clock that was set back', { failure }, failure.at - 1, false],
    ['10 s after renewal failed, less 1 ms', { failure }, failure.at + 9_999, true],
    ['10 s after renewal failed', { failure }, failure.at + 10_000, false],
    [
      'in its last minute',
      { failure: { ...failure, at: token.expiresAt - minute } },
      token.expiresAt - minute + 1,
      false,
    ],
  ];
for (const [what, fields, at, expected] of usable) {
  test(`a token is${expected ? '' : ' not'} used as it is ${what}`, () =>
    assert.is(isFresh({ ...token, ...fields }, at), expected));
}

test('a token is given until a minute before it expires', () => {
  assert.is(hasTimeLeft(token, token.expiresAt - minute), true);
  assert.is(hasTimeLeft(token, token.expiresAt - minute + 1), false);
});

test('the time of renewal depends on the last letters of the token but one', () => {
  const at = (text: string) => (renewalTime({ ...token, token: text }) - noon) / (60 * minute);
  // From "abcd": 97, then 31 times that and 98, and so on, modulo 1000.
  assert.is(at('canary.abcdX').toFixed(6), (0.5 + 0.1 * 0.074).toFixed(6));
  assert.is(at('canary.abcdX'), at('canary.abcdY'));
  assert.not.equal(at('canary.abcdX'), at('canary.abceX'));
  assert.not.equal(at('canary.abcdX'), at('canary.bbcdX'));
  assert.is(at('canary.abcdX'), at('xabcdX'));
  assert.is(at('abX').toFixed(6), (0.5 + 0.1 * 0.105).toFixed(6));
});

test('a token with a life of ten minutes is renewed up to a minute late, a shorter one is not', () => {
  const renewed = (life: number) =>
    renewalTime({ token: 'canary.abcdX', issuedAt: noon, expiresAt: noon + life }) - noon;
  assert.is(renewed(10 * minute - 1), 5 * minute - 0.5);
  assert.ok(renewed(10 * minute) > 5 * minute);
});

test('a token that must not be cached is given and not written', () =>
  inCache(async (folder) => {
    const context = testContext();
    const options = { folder, name: 'work', since: 1, mint: async () => token };
    const asked = { ...options, shouldCache: async () => false };
    assert.is((await freshToken(context, asked)).token, 'canary');
    assert.is(readTokenSync(context, options), undefined);
    await freshToken(context, { ...options, shouldCache: async () => true });
    assert.is(readTokenSync(context, options)?.token, 'canary');
  }));

test('a bug in minting is thrown, with an old token and without', () =>
  inCache(async (folder) => {
    let now = noon;
    const context = testContext({ now: () => now });
    const key = { folder, name: 'work', since: 1 };
    const mint = async () => {
      throw new TypeError('a bug');
    };
    const message = (minLifetimeMs = 0) =>
      freshToken(context, { ...key, mint, minLifetimeMs }).catch((error) => String(error));
    assert.is(await message(), 'TypeError: a bug');
    writeToken(context, key, token);
    now = noon + 50 * minute;
    assert.is(await message(), 'TypeError: a bug');
    assert.is(await message(45 * minute), 'TypeError: a bug');
    assert.equal(context.warnings, []);
  }));

test('a bug in minting is not what waiting processes are told', () =>
  inCache(async (folder) => {
    const mint = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new TypeError('a bug');
    };
    const ask = () =>
      freshToken(testContext(), { folder, name: 'work', since: 1, mint }).catch((error) => error);
    for (const error of await Promise.all([ask(), ask()])) assert.instance(error, TypeError);
  }));

test('a fresh token is given without a lock', () =>
  inCache(async (folder) => {
    const context = testContext();
    const options = { folder, name: 'work', since: 1, mint: async () => token };
    writeToken(context, options, token);
    await freshToken(context, options);
    assert.is(fs.existsSync(lockFolder(folder, 'work')), false);
  }));

test('each name has a lock and a refresh token of its own', () => {
  const names = ['work', 'Work', 'a/b', 'work iamrefresh'];
  assert.is(new Set(names.map((name) => lockFolder('/cache', name))).size, names.length);
  assert.is(new Set(names.map(refreshTokenOf)).size, names.length);
  for (const name of names) assert.is.not(refreshTokenOf(name), name);
});

test('waiting processes get the hint and the code of the error', () =>
  inCache(async (folder) => {
    let minted = 0;
    const mint = async () => {
      minted += 1;
      await new Promise((resolve) => setImmediate(resolve));
      throw new HelperError('refused', 'IAM said no', { hint: 'run this' });
    };
    const ask = (more: object = {}) =>
      freshToken(testContext(), { folder, name: 'work', since: 1, mint, ...more }).catch(
        (error) => error,
      );
    const errors = await Promise.all([ask(), ask(), ask()]);
    for (const error of errors) {
      assert.ok(error instanceof HelperError);
      assert.equal([error.code, error.message, error.hint], ['refused', 'IAM said no', 'run this']);
    }
    assert.is(minted, 1);
    await Promise.all([ask(), ask({ endpoint: 'https://iam.example' })]);
    assert.is(minted, 3);
  }));

test('a full logout removes temporary files, and changes no mode', () =>
  inCache((folder) => {
    const context = testContext();
    writeToken(context, { folder, name: 'work', since: 1 }, token);
    const foreign = path.join(folder, 'notes.json');
    for (const name of ['work.json', 'other.json']) {
      fs.writeFileSync(path.join(folder, temporaryName(context, name)), 'canary');
    }
    fs.writeFileSync(foreign, '{}');
    fs.chmodSync(foreign, 0o644);
    fs.symlinkSync('notes.json', path.join(folder, 'link.json'));
    removeEveryToken(context, folder);
    assert.equal(fs.readdirSync(folder).sort(), ['link.json', 'notes.json']);
    assert.is(fs.statSync(foreign).mode & 0o777, 0o644);
    assert.equal(context.warnings, []);
  }));

/** A context that throws at one of the times when the effective user is asked for. */
function buggy(at: number): TestContext {
  let asked = 0;
  const context = testContext();
  const { uid } = context;
  return Object.defineProperty(context, 'uid', {
    get: () => {
      asked += 1;
      if (asked === at) throw new TypeError('a bug');
      return uid;
    },
  });
}

test('a bug in a check of a file is thrown, by a logout and a read', () =>
  inCache((folder) => {
    const key = { folder, name: 'work', since: 1 };
    writeToken(testContext(), key, token);
    // The first check is that of the directory before it is listed, the second one that before a file is read.
    for (const at of [1, 2]) assert.throws(() => removeEveryToken(buggy(at), folder), /a bug/);
    assert.throws(() => readTokenSync(buggy(1), key), /a bug/);
  }));

test('a cached token behind a symlink is not used, with a warning', () =>
  inCache(async (folder) => {
    const key = { folder, name: 'work', since: 1 };
    writeToken(testContext(), key, token);
    fs.renameSync(path.join(folder, 'work.json'), path.join(folder, 'target'));
    fs.symlinkSync('target', path.join(folder, 'work.json'));
    const now = testContext();
    assert.is(readTokenSync(now, key), undefined);
    assert.is(now.warnings.length, 1);
    const context = testContext();
    const mint = async () => ({ ...token, token: 'canary-2' });
    assert.is((await freshToken(context, { ...key, mint })).token, 'canary-2');
    assert.is(context.warnings.length, 1);
  }));

test('a bug in the file reader is thrown', async () => {
  const files = {
    ...nodeFiles,
    read: () => {
      throw new TypeError('a bug');
    },
  };
  const mint = async () => token;
  const key = { folder: '/cache', name: 'work', since: 1 };
  const read = freshToken(testContext({ files }), { ...key, mint });
  assert.is(await read.catch(String), 'TypeError: a bug');
});

for (const [code, isGiven] of [
  ['unreachable', true],
  ['storage', true],
  ['refused', false],
  ['misconfigured', false],
] as const) {
  test(`a token that cannot be renewed is${isGiven ? '' : ' not'} given if the error is ${code}`, () =>
    inCache(async (folder) => {
      const context = testContext({ now: () => noon + 50 * minute });
      const key = { folder, name: 'work', since: 1 };
      writeToken(context, key, token);
      const mint = () => Promise.reject(new HelperError(code, 'no', { hint: 'try' }));
      const given = await freshToken(context, { ...key, mint }).catch((error) => error.code);
      assert.is(isGiven ? given.token : given, isGiven ? 'canary' : code);
    }));
}

for (const note of [
  '{',
  'null',
  '1',
  JSON.stringify({ name: 'work', since: 1, code: 'refused' }),
  JSON.stringify({ name: 'work', since: 1, code: 'refused', message: 3 }),
]) {
  test(`a waiting process mints its own token if the note is ${note}`, () =>
    inCache(async (folder) => {
      const context = testContext();
      const begun = withLock(
        context,
        lockFolder(folder, 'work'),
        async (leave) => {
          leave(note);
          await new Promise((resolve) => setTimeout(resolve, 50));
        },
        { timeoutMs: 1000, onTimeout: 'fail' },
      );
      const mint = async () => token;
      const given = await freshToken(context, { folder, name: 'work', since: 1, mint });
      assert.is(given.token, 'canary');
      await begun;
    }));
}

test.run();
