import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ErrorCode, HelperError } from '../../src/errors.ts';
import { freshToken } from '../../src/iam/cache.ts';
import { removeToken, writeToken } from '../../src/iam/cache-file.ts';
import { type FreshTokenOptions, renewalTime } from '../../src/iam/cached-token.ts';
import { noon, testContext } from '../support/context.ts';
import { failureOf } from '../support/rejects.ts';

const cache = suite('the cache of access tokens');
const folders = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-cache-'));
cache.after(() => fs.rmSync(folders, { recursive: true }));

const minute = 60_000;
const hour = 60 * minute;
let count = 0;

/** A separate cache, an adjustable clock, and an IAM that returns `canary-1`, `canary-2`, … for an hour each. */
function setUp(more: Partial<FreshTokenOptions> = {}) {
  count += 1;
  let now = noon;
  let minted = 0;
  let answer: HelperError | undefined;
  const context = testContext({ now: () => now });
  const deadlines: number[] = [];
  const options: FreshTokenOptions = {
    folder: path.join(folders, String(count), 'cache'),
    name: 'work',
    since: 1,
    mint: async (deadline) => {
      deadlines.push(deadline - now);
      // Lets all concurrent callers start to wait.
      await new Promise((resolve) => setImmediate(resolve));
      if (answer !== undefined) throw answer;
      minted += 1;
      return { token: `canary-${minted}`, issuedAt: now, expiresAt: now + hour };
    },
    ...more,
  };
  return {
    context,
    options,
    deadlines,
    file: path.join(options.folder ?? '', 'work.json'),
    get: async (given: Partial<FreshTokenOptions> = {}) =>
      (await freshToken(context, { ...options, ...given })).token,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    failWith: (code: ErrorCode | undefined) => {
      answer = code === undefined ? undefined : new HelperError(code, `IAM is ${code}`);
    },
  };
}

const ages = [
  [0, 'canary-1'],
  [29 * minute, 'canary-1'],
  [36 * minute, 'canary-2'],
  [2 * hour, 'canary-2'],
  [-5 * minute, 'canary-1'],
  [-6 * minute, 'canary-2'],
] as const;
for (const [age, expected] of ages) {
  cache(`a token of ${age / minute} minutes`, async () => {
    const { get, pass, context } = setUp();
    await get();
    pass(age);
    assert.is(await get(), expected);
    assert.equal(context.warnings, []);
  });
}

for (const [endpoint, name] of [
  [undefined, 'iam.cloud.ibm.com'],
  ['https://iam.test.cloud.ibm.com', 'iam.test.cloud.ibm.com'],
] as const) {
  cache(
    `a process whose deadline passes while another asks ${name}: IAM did not answer`,
    async () => {
      const began = performance.now();
      const now = () => noon + performance.now() - began;
      const { options } = setUp(endpoint === undefined ? {} : { endpoint });
      let finish = () => {};
      let isAsked = () => {};
      const asked = new Promise<void>((resolve) => {
        isAsked = resolve;
      });
      const slow = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const holder = freshToken(testContext({ now }), {
        ...options,
        mint: async () => {
          isAsked();
          await slow;
          return { token: 'canary', issuedAt: noon, expiresAt: noon + hour };
        },
      });
      await asked;
      const hasty = testContext({ now, deadline: now() + 50 });
      const { code, message } = await failureOf(freshToken(hasty, options)).finally(finish);
      assert.equal([code, message], ['unreachable', `IAM at ${name} did not answer in time`]);
      assert.is((await holder).token, 'canary');
    },
  );
}

cache('is renewed between a half and six tenths of its life, each at a time of its own', () => {
  const hundredths = new Map<number, number>();
  for (let count = 0; count < 1000; count += 1) {
    const token = `canary.${Buffer.from(crypto.getRandomValues(new Uint8Array(256))).toString('base64url')}`;
    const share = (renewalTime({ token, issuedAt: noon, expiresAt: noon + hour }) - noon) / hour;
    assert.ok(share >= 0.5 && share < 0.6, `${token}: ${share}`);
    const hundredth = Math.floor(share * 100);
    hundredths.set(hundredth, (hundredths.get(hundredth) ?? 0) + 1);
  }
  const counts = [...hundredths.values()];
  assert.ok(hundredths.size >= 10 && Math.min(...counts) > 50, `uneven: ${counts}`);
});

cache('with a short life is renewed at half of it', () => {
  const expiresAt = noon + 9 * minute;
  assert.is(renewalTime({ token: 'canary', issuedAt: noon, expiresAt }), noon + 4.5 * minute);
});

cache('is minted anew for another root secret', async () => {
  const { get } = setUp();
  await get();
  assert.is(await get({ since: 2 }), 'canary-2');
});

cache('is minted anew when forced', async () => {
  const { get } = setUp();
  assert.is(await get({ force: true }), 'canary-1');
  assert.is(await get({ force: true }), 'canary-2');
  assert.is(await get(), 'canary-2');
});

cache('is minted anew after it was forgotten', async () => {
  const { get, options, context } = setUp();
  await get();
  removeToken(context, options);
  assert.is(await get(), 'canary-2');
});

cache('is kept for every name, whatever is in it', async () => {
  const { get, options } = setUp();
  const names = ['work', 'us.icr.io/ns', '..', 'a b', 'ü', 'Work', 'CON:'];
  for (const name of names) await get({ name });
  for (const [index, name] of names.entries())
    assert.is(await get({ name }), `canary-${index + 1}`);
  assert.equal(fs.readdirSync(path.dirname(options.folder ?? '')), ['cache']);
});

cache('is never that of a name in another letter case', async () => {
  const { get, file } = setUp();
  await get({ name: 'Work' });
  fs.renameSync(path.join(path.dirname(file), 'Work.json'), file);
  assert.is(await get(), 'canary-2');
});

cache('is for its owner only', async () => {
  const { get, file, context } = setUp();
  await get();
  assert.is(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
  assert.is(fs.statSync(file).mode & 0o777, 0o600);
  fs.chmodSync(file, 0o644);
  assert.is(await get(), 'canary-1');
  assert.is(fs.statSync(file).mode & 0o777, 0o600);
  assert.is(context.warnings.length, 1);
});

const damage = [
  '',
  '{"token":"canary',
  'null',
  '[]',
  '{}',
  '{"name":"work","since":1,"token":"","issuedAt":1,"expiresAt":2}',
  '{"name":"work","since":1,"token":"canary","issuedAt":"1","expiresAt":2}',
  '{"name":"work","since":1,"token":"canary","issuedAt":1,"expiresAt":2,"failure":3}',
];
for (const text of damage) {
  cache(`a file that holds ${text || 'nothing'} is replaced, and named once`, async () => {
    const { get, file, context } = setUp();
    await get();
    fs.writeFileSync(file, text);
    assert.is(await get(), 'canary-2');
    assert.is(await get(), 'canary-2');
    assert.equal(context.warnings, [
      `the cached access token in ${file} is damaged; it will be replaced`,
    ]);
  });
}

cache('a folder in the place of the file costs a warning, not the token', async () => {
  const { get, file, context } = setUp();
  fs.mkdirSync(file, { recursive: true, mode: 0o700 });
  assert.is(await get(), 'canary-1');
  assert.is(context.warnings.length, 2);
  assert.match(
    context.warnings[0] ?? '',
    / is a directory, not a regular file; move .* away; continuing without the cache$/,
  );
  assert.match(
    context.warnings[1] ?? '',
    /^cannot write .*; the next client will request another token$/,
  );
});

cache('a folder that cannot be made costs a warning, not the token', async () => {
  const { get, context } = setUp({ folder: '/sys/icr-cache' });
  assert.is(await get(), 'canary-1');
  assert.is(context.warnings.length, 1);
  assert.match(
    context.warnings[0] ?? '',
    /^cannot write .*; the next client will request another token$/,
  );
});

cache('works without a place to keep anything', async () => {
  const { get, context } = setUp({ folder: undefined });
  assert.is(await get(), 'canary-1');
  assert.is(await get(), 'canary-2');
  assert.equal(context.warnings, []);
});

cache('a cold one gives what IAM says', async () => {
  for (const code of ['refused', 'unreachable'] as const) {
    const { get, failWith, deadlines } = setUp();
    failWith(code);
    assert.is((await failureOf(get())).message, `IAM is ${code}`);
    assert.equal(deadlines, [9000]);
    failWith(undefined);
    assert.is(await get(), 'canary-1');
  }
});

const lives = [
  [58 * minute, 2],
  [59 * minute, 1],
] as const;
for (const [age, left] of lives) {
  cache(`a token with ${left} min left is given while IAM cannot be reached`, async () => {
    const { get, pass, failWith, context, deadlines } = setUp();
    await get();
    pass(age);
    failWith('unreachable');
    assert.is(await get(), 'canary-1');
    assert.equal(context.warnings, [
      `IAM is unreachable; the cached access token of work expires in ${left} min`,
    ]);
    assert.equal(deadlines, [9000, 3000]);
  });
}

cache('a token with less than a minute left is not', async () => {
  const { get, pass, failWith } = setUp();
  await get();
  pass(59 * minute + 1);
  failWith('unreachable');
  assert.is((await failureOf(get())).code, 'unreachable');
});

cache('a token that IAM refuses to renew is not', async () => {
  const { get, pass, failWith } = setUp();
  await get();
  pass(40 * minute);
  failWith('refused');
  assert.is((await failureOf(get())).code, 'refused');
});

cache('a forced token is a new one or none', async () => {
  const { get, failWith } = setUp();
  await get();
  failWith('unreachable');
  assert.is((await failureOf(get({ force: true }))).code, 'unreachable');
});

cache('IAM is left alone for 10 s when it could not be reached', async () => {
  const { get, pass, failWith, context, deadlines } = setUp();
  await get();
  pass(40 * minute);
  failWith('unreachable');
  for (let turn = 0; turn < 5; turn += 1) assert.is(await get(), 'canary-1');
  assert.is(deadlines.length, 2);
  assert.is(context.warnings.length, 5);
  failWith(undefined);
  pass(10_000);
  assert.is(await get(), 'canary-2');
  assert.is(context.warnings.length, 5);
});

cache('many at once mint once', async () => {
  const { get, deadlines } = setUp();
  const tokens = await Promise.all(Array.from({ length: 64 }, () => get()));
  assert.equal([...new Set(tokens)], ['canary-1']);
  assert.is(deadlines.length, 1);
});

cache('a token that another process has cached meanwhile is not minted again', async () => {
  const { get, context, options, deadlines } = setUp();
  const late = get();
  const token = { token: 'canary-other', issuedAt: noon, expiresAt: noon + hour, since: 1 };
  writeToken(context, options, token);
  assert.is(await late, 'canary-other');
  assert.is(deadlines.length, 0);
});

cache('many at once, all forced, mint once', async () => {
  const { get, deadlines } = setUp();
  await get();
  const tokens = await Promise.all(Array.from({ length: 16 }, () => get({ force: true })));
  assert.equal([...new Set(tokens)], ['canary-2']);
  assert.is(deadlines.length, 2);
});

cache('many at once are refused by one request, except with another root secret', async () => {
  const { get, failWith, deadlines } = setUp();
  failWith('refused');
  const all = [1, 1, 1, 1, 2].map((since) => failureOf(get({ since })));
  for (const error of await Promise.all(all)) assert.is(error.message, 'IAM is refused');
  assert.is(deadlines.length, 2);
});

cache.run();
