import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMinLifetime } from '../../src/cli/presentation-options.ts';
import { type ErrorCode, HelperError } from '../../src/errors.ts';
import { freshToken } from '../../src/iam/cache.ts';
import { isDue, isUsable } from '../../src/iam/cached-token.ts';
import { noon, testContext } from '../support/context.ts';
import { failureOf } from '../support/rejects.ts';

const test = suite('the minimum lifetime of access tokens');
const folders = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-min-lifetime-'));
test.after(() => fs.rmSync(folders, { recursive: true }));

const minute = 60_000;
const hour = 60 * minute;
let count = 0;

/** A separate cache, an adjustable clock, and an IAM that returns `canary-1`, `canary-2`, …. */
function setUp(minLifetimeMs: number, lifetime = hour) {
  count += 1;
  let now = noon;
  let minted = 0;
  let answer: HelperError | undefined;
  const context = testContext({ now: () => now });
  const options = {
    folder: path.join(folders, String(count)),
    name: 'ci',
    since: 1,
    minLifetimeMs,
    mint: async () => {
      // Lets all concurrent callers start to wait.
      await new Promise((resolve) => setImmediate(resolve));
      if (answer !== undefined) throw answer;
      minted += 1;
      return { token: `canary-${minted}`, issuedAt: now, expiresAt: now + lifetime };
    },
  };
  return {
    warnings: context.warnings,
    get: async (given = {}) => (await freshToken(context, { ...options, ...given })).token,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    failWith: (code: ErrorCode | undefined) => {
      answer = code === undefined ? undefined : new HelperError(code, `IAM is ${code}`);
    },
  };
}

const ages = [
  ['with the minimum left', 15 * minute, 45 * minute, 'canary-1'],
  ['with less than the minimum left', 15 * minute + 1, 45 * minute, 'canary-2'],
  ['without a minimum', 29 * minute, 0, 'canary-1'],
  ['that is stale', 36 * minute, minute, 'canary-2'],
  ['that is new', minute - 1, 59 * minute, 'canary-1'],
  ['that is a minute old', minute + 1, 59 * minute, 'canary-2'],
] as const;
for (const [what, age, minLifetimeMs, expected] of ages) {
  test(`a token ${what} is ${expected === 'canary-1' ? 'used' : 'renewed'}`, async () => {
    const { get, pass, warnings } = setUp(minLifetimeMs);
    await get();
    pass(age);
    assert.is(await get(), expected);
    assert.equal(warnings, []);
  });
}

for (const code of ['unreachable', 'refused', 'misconfigured'] as const) {
  test(`renewal fails (${code}): a valid token is used, and the reason is a warning`, async () => {
    const { get, pass, failWith, warnings } = setUp(45 * minute);
    await get();
    failWith(code);
    for (const [age, remaining] of [
      [20 * minute, '40 min'],
      [39 * minute, '1 min'],
      [59_000, '1 s'],
    ] as const) {
      pass(age);
      assert.is(await get(), 'canary-1');
      const expected = `IAM is ${code}; the cached access token of ci expires in ${remaining}`;
      assert.is(warnings.at(-1), expected);
    }
    pass(1000);
    assert.is((await failureOf(get())).code, code);
  });
}

test('renewal fails: all waiting processes use the valid token', async () => {
  const { get, pass, failWith } = setUp(45 * minute);
  await get();
  pass(20 * minute);
  failWith('refused');
  const tokens = await Promise.all(Array.from({ length: 8 }, () => get()));
  assert.equal([...new Set(tokens)], ['canary-1']);
});

test('renewal fails: any minimum lifetime lets the valid token be used', async () => {
  for (const [minLifetimeMs, given] of [
    [1, 'canary-1'],
    [0, 'refused'],
  ] as const) {
    const { get, pass, failWith } = setUp(minLifetimeMs);
    await get();
    pass(40 * minute);
    failWith('refused');
    assert.is(await get().catch(({ code }) => code), given);
  }
});

test('renewal fails: IAM is asked again after 10 s', async () => {
  const { get, pass, failWith } = setUp(45 * minute);
  await get();
  pass(20 * minute);
  failWith('refused');
  await get();
  failWith(undefined);
  pass(9_999);
  assert.is(await get(), 'canary-1');
  pass(1);
  assert.is(await get(), 'canary-2');
});

test('renewal fails: other mappings, without a minimum, do not warn', async () => {
  const { get, pass, failWith, warnings } = setUp(45 * minute);
  await get();
  pass(20 * minute);
  failWith('unreachable');
  await get();
  assert.is(warnings.length, 1);
  assert.is(await get({ minLifetimeMs: undefined }), 'canary-1');
  assert.is(warnings.length, 1);
});

test('an account with shorter tokens gets a new token once a minute, and a warning', async () => {
  const { get, pass, warnings } = setUp(30 * minute, 15 * minute);
  for (let turn = 0; turn < 26; turn += 1) assert.is(await get(), 'canary-1');
  const warning =
    'the access token of ci expires in 15 min; IAM issues none with the minimum lifetime of 30 min';
  assert.equal([...new Set(warnings)], [warning]);
  pass(minute);
  assert.is(await get(), 'canary-2');
});

for (const [text, expected] of [
  ['30m', 30 * minute],
  ['90s', 90_000],
  ['59m', 59 * minute],
  ['3540s', 59 * minute],
  ['off', 0],
] as const) {
  test(`--min-lifetime ${text} is ${expected} ms`, () =>
    assert.is(parseMinLifetime(text), expected));
}

for (const text of ['', '30', 'm', '0m', '-5m', '1.5h', '30 m', '30m ', '30M', '1d', '9999999s']) {
  test(`--min-lifetime "${text}" is invalid`, async () => {
    const { code, message, hint } = await failureOf((async () => parseMinLifetime(text))());
    assert.equal(
      [code, message, hint],
      ['invalid-input', 'invalid value of --min-lifetime', 'use minutes, such as 30m, or off'],
    );
  });
}

for (const text of ['60m', '3541s', '1h', '999999h']) {
  test(`--min-lifetime ${text} cannot be met`, async () => {
    const { code, message, hint } = await failureOf((async () => parseMinLifetime(text))());
    assert.is(code, 'invalid-input');
    assert.is(
      message,
      `--min-lifetime ${text} cannot be met: IAM access tokens expire after 60 minutes`,
    );
    assert.is(hint, 'use at most 59m');
  });
}

test('any minimum lifetime lets a token be used until it expires', () => {
  const token = { token: 'canary', issuedAt: noon, expiresAt: noon + hour, since: 0 };
  const last = [token.expiresAt - 1, token.expiresAt];
  assert.equal(
    [1, 0].map((needed) => last.map((now) => isUsable(token, now, needed))),
    [
      [true, false],
      [false, false],
    ],
  );
});

test('a token of five minutes is new for a tenth of them', () => {
  const token = { token: 'canary', issuedAt: noon, expiresAt: noon + 5 * minute, since: 0 };
  assert.equal(
    [minute / 2 - 1, minute / 2].map((age) => isDue(token, noon + age, hour)),
    [false, true],
  );
});

test('a token with exactly the lifetime that is needed is not due', () => {
  const token = { token: 'canary', issuedAt: 0, expiresAt: hour, since: 0 };
  const needed = hour * 0.7;
  assert.equal(
    [hour - needed, hour - needed + 1].map((now) => isDue(token, now, needed)),
    [false, true],
  );
});

test.run();
