import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renewalTime } from '../../src/iam/cached-token.ts';
import { tokenDuration } from '../../src/kubernetes/provider-response.ts';
import { noon } from '../support/context.ts';

const durations = suite('kubelet cache duration');

const minute = 60_000;
const token = { token: 'canary.zzzzz', issuedAt: noon, expiresAt: noon + 60 * minute };
const renewal = renewalTime(token);

const rows: readonly (readonly [at: number, expected: number])[] = [
  [noon, 30 * minute],
  [noon + 20 * minute, 20 * minute],
  [noon + 30 * minute - 1, 15 * minute + 0.5],
  [noon + 30 * minute, renewal - noon - 30 * minute],
  [renewal - 1, 1],
  // The renewal that was due now has failed.
  [renewal, (noon + 60 * minute - renewal) / 2],
  [noon + 58 * minute, minute],
];
for (const [at, expected] of rows) {
  durations(`after ${(at - noon) / minute} min`, () => {
    assert.is(tokenDuration(token, at), expected);
  });
}

durations('is half of the remaining time of a short-lived token', () => {
  const short = { ...token, expiresAt: noon + 2 * minute };
  assert.is(tokenDuration(short, noon + minute / 2), 0.75 * minute);
});

durations('adds jitter so that kubelets renew at different times', () => {
  const ends = new Set<number>();
  for (let count = 0; count < 100; count += 1) {
    const other = { ...token, token: `canary.${count}zzz` };
    const at = noon + 30 * minute;
    ends.add(at + tokenDuration(other, at));
  }
  assert.ok(ends.size > 80, `${ends.size} times`);
});

durations.run();
