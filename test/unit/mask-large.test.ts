import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { masked } from '../../src/mask.ts';

const test = suite('secret masking of large texts');

const size = 1024 * 1024;
const random = Buffer.from(
  Uint32Array.from({ length: size }, (_, i) => (i * 2654435761) >>> 9).buffer,
)
  .toString('base64')
  .slice(0, size);
const large: readonly [name: string, text: string, secret: string, shown: string][] = [
  ['identical text', random, random, '***'],
  ['one repeated letter', 'a'.repeat(size), `${'a'.repeat(size)}b`, '***'],
  [
    'nearly identical text',
    `${'a'.repeat(7)}b`.repeat(size / 8),
    'a'.repeat(size),
    `${'a'.repeat(7)}b`.repeat(size / 8),
  ],
  ['only escapes', '%25'.repeat(size / 3), random, '%25'.repeat(size / 3)],
];
// Quadratic time would take hours, so the time limit of a test file is a sufficient check.
for (const [name, text, whole, shown] of large) {
  test(`1 MiB of text and of secret: ${name}`, () => {
    assert.ok(masked(text, [whole]) === shown);
  });
}

test.run();
