import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { visible, visibleLines } from '../../src/visible.ts';

const test = suite('any text made visible');

const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));

test('leaves no control sequence, and is idempotent', () => {
  fc.assert(
    fc.property(anything, (text) => {
      assert.not.match(visible(text), /[\p{C}\p{Zl}\p{Zp}]/u);
      assert.is(visible(visible(text)), visible(text));
    }),
  );
});

test('preserves the meaning of JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), anything, (value, text) => {
      const json = JSON.stringify({ value, [text]: text }, null, 2);
      assert.equal(JSON.parse(visibleLines(json)), JSON.parse(json));
    }),
  );
});

test.run();
