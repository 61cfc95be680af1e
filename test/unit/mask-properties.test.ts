import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { masked } from '../../src/mask.ts';

const test = suite('secret masking of any text');

const anySecret = fc.string({ minLength: 8, maxLength: 60, unit: 'binary' });
const around = fc.string({ maxLength: 20 });

test('masks any 8 consecutive characters of a secret', () =>
  fc.assert(
    fc.property(anySecret, around, around, fc.nat(), (any, before, after, start) => {
      const from = start % (any.length - 7);
      const piece = any.slice(from, from + 8);
      // UTF-8 cannot encode a lone surrogate.
      fc.pre(piece.isWellFormed() && any.isWellFormed());
      assert.not.ok(masked(before + piece + after, [any]).includes(piece));
    }),
  ));

test('the masked text cannot be decoded to a part of the secret', () =>
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 60 }),
      fc.string({ maxLength: 9 }),
      (any, user) => {
        const pair = Buffer.from(`${user}:${any}`);
        const texts = [
          pair.toString('base64'),
          pair.toString('hex'),
          encodeURIComponent(String(pair)),
        ];
        const pieces = [...Array(any.length - 7).keys()].map((at) => any.slice(at, at + 8));
        const [first = '', second = '', third = ''] = texts.map((text) => masked(text, [any]));
        const decoded = [
          ...first.split('***').map((text) => Buffer.from(text, 'base64').toString()),
          ...second.split('***').map((text) => Buffer.from(text, 'hex').toString()),
          ...third.split('***'),
        ];
        for (const piece of pieces) {
          // The user name is not a secret.
          if (user.includes(piece)) continue;
          for (const text of decoded) assert.not.ok(text.includes(piece), piece);
        }
      },
    ),
  ));

test('does not change text without a part of the secret', () =>
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (text) => {
      assert.is(masked(text, ['canary-7f3kq9x2v8']), text);
    }),
  ));

test.run();
