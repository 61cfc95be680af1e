import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { masked } from '../../src/mask.ts';

const test = suite('secret masking of large texts');

const mebi = 1024 * 1024;
const random = Buffer.from(
  Uint32Array.from({ length: mebi }, (_, i) => (i * 2654435761) >>> 9).buffer,
)
  .toString('base64')
  .slice(0, mebi);
const large: readonly [name: string, text: string, secret: string, shown: string][] = [
  ['identical text', random, random, '***'],
  ['one repeated letter', 'a'.repeat(mebi), `${'a'.repeat(mebi)}b`, '***'],
  [
    'nearly identical text',
    `${'a'.repeat(7)}b`.repeat(mebi / 8),
    'a'.repeat(mebi),
    `${'a'.repeat(7)}b`.repeat(mebi / 8),
  ],
  ['only escapes', '%25'.repeat(mebi / 3), random, '%25'.repeat(mebi / 3)],
];
// Quadratic time would take hours, so the time limit of a test file is a sufficient check.
for (const [name, text, whole, shown] of large) {
  test(`1 MiB of text and 1 MiB of secret: ${name}`, () => {
    assert.ok(masked(text, [whole]) === shown);
  });
}

test.run();
