import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { forEachPiece, piecesOf } from '../../src/pieces.ts';

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
  assert.is(piecesOf(bytes.subarray(0, 7)).size, 0);
});

test('are different if any bit of a text differs', () => {
  const bytes = Buffer.from('canary-8');
  const pieces = new Set(piecesOf(bytes));
  for (let bit = 0; bit < 64; bit += 1) {
    const other = Buffer.from(bytes);
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    for (const piece of piecesOf(other)) pieces.add(piece);
  }
  assert.is(pieces.size, 65);
  assert.is(piecesOf(Buffer.from('aaaaaaaaaaaa')).size, 1);
});

test.run();
