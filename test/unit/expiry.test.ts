import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  dateOf,
  endOfJwt,
  lifeOf,
  validTime,
  warnBeforeMs,
  warnOfExpiry,
} from '../../src/identity/expiry.ts';
import { noon, testContext } from '../support/context.ts';
import { unsignedJwt } from '../support/jwt.ts';

const test = suite('registry token expiry');

const now = noon / 1000;
/** A token with a lifetime of 1000 s and this much time left. */
const left = (seconds: number) => unsignedJwt({ iat: now + seconds - 1000, exp: now + seconds });
const rows: readonly [token: string, warning: RegExp | undefined][] = [
  [left(1000), undefined],
  [left(101), undefined],
  [left(100.05), undefined],
  [left(100), / expires at 2026-01-01T12:01:40\.000Z; registry tokens are deprecated\nhint: run /],
  [left(1), / expires at /],
  [left(0), / expired at 2026-01-01T12:00:00\.000Z/],
  [left(-1), / expired at /],
  [unsignedJwt({ exp: now + 3 * 3600 }), undefined],
  [unsignedJwt({ exp: now + 2 * 3600 }), / expires at /],
  [unsignedJwt({ exp: now - 1 }), / expired at /],
  [unsignedJwt({ iat: now }), undefined],
  [unsignedJwt({ iat: 'canary', exp: 'canary' }), undefined],
  [unsignedJwt(null), undefined],
  [unsignedJwt('canary'), undefined],
  ['canary', undefined],
  ['', undefined],
];

for (const [token, warning] of rows) {
  test(`${JSON.stringify(lifeOf(token))} at ${now}: ${warning ?? 'no warning'}`, () => {
    const context = testContext();
    warnOfExpiry(context, 'old', token);
    assert.is(context.warnings.length, warning === undefined ? 0 : 1);
    assert.not.match(String(context.warnings), 'canary');
    if (warning !== undefined) assert.match(context.warnings[0] ?? '', warning);
  });
}

test('a time is one that a date can have', () => {
  for (const time of [0, noon, 8.64e15, -8.64e15]) assert.is(validTime(time), time);
  for (const other of [8.64e15 + 1, -8.64e15 - 1, Number.NaN, '0', undefined]) {
    assert.is(validTime(other), undefined, String(other));
  }
  assert.is(dateOf(noon), '2026-01-01');
  assert.is(warnBeforeMs, 14 * 24 * 3600_000);
});

test('the end of a token is in milliseconds', () => {
  assert.is(endOfJwt(unsignedJwt({ exp: now })), noon);
  for (const exp of [undefined, 'x', '1', 1e13]) {
    assert.is(endOfJwt(unsignedJwt({ exp })), undefined, String(exp));
  }
});

test.run();
