import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { forEachPiece, sharedPieces } from '../../src/pieces.ts';

const test = suite('pieces of a text');

test('are all sequences of eight bytes, with their positions', () => {
  const bytes = Buffer.from('abcdefghij').subarray(1);
  const found: [text: string, position: number][] = [];
  forEachPiece(bytes, (piece, position) => {
    const text = Buffer.alloc(8);
    text.writeDoubleBE(piece);
    found.push([String(text), position]);
  });
  assert.equal(found, [
    ['bcdefghi', 0],
    ['cdefghij', 1],
  ]);
  forEachPiece(bytes.subarray(0, 7), () => assert.unreachable('seven bytes are no piece'));
});

test('are different if any bit of a text differs', () => {
  const bytes = Buffer.from('canary-8');
  assert.is(sharedPieces([bytes], [bytes]).size, 1);
  for (let bit = 0; bit < 64; bit += 1) {
    const other = Buffer.from(bytes);
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.is(sharedPieces([bytes], [other]).size, 0, String(bit));
  }
});

test('are shared if they occur in one of the texts and in one of the forms', () => {
  const texts = ['of a canary-secret', 'and another-one'].map((text) => Buffer.from(text));
  const forms = ['my-canary-secret', 'nothing', 'another'].map((text) => Buffer.from(text));
  // canary-s, anary-se, nary-sec, ary-secr, ry-secre, y-secret
  assert.is(sharedPieces(texts, forms).size, 6);
  assert.is(sharedPieces(texts, [Buffer.from('-another-')]).size, 1);
});

test.run();
