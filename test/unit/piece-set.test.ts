import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { forEachPiece, PieceSet } from '../../src/piece-set.ts';

const test = suite('pieces of a text');

function piecesOf(bytes: Uint8Array): [high: number, low: number, position: number][] {
  const pieces: [number, number, number][] = [];
  forEachPiece(bytes, (high, low, position) => pieces.push([high >>> 0, low >>> 0, position]));
  return pieces;
}

test('are all sequences of eight bytes, as two integers', () => {
  const bytes = Uint8Array.from([0x81, 2, 3, 0xff, 5, 6, 7, 0xf8, 9]);
  assert.equal(piecesOf(bytes), [
    [0x810203ff, 0x050607f8, 0],
    [0x0203ff05, 0x0607f809, 1],
  ]);
  assert.equal(piecesOf(bytes.subarray(0, 7)), []);
});

test('are flagged only if they are in the set, and each on its own', () => {
  const text = Uint8Array.from({ length: 1000 }, (_, index) => (index * index) % 251);
  const set = new PieceSet([text]);
  const all = piecesOf(text).map(([high, low]) => [high | 0, low | 0] as const);
  assert.ok(all.every(([high, low]) => !set.isFlagged(high, low)));
  for (const [high, low] of all.filter((_, index) => index < 100)) {
    set.flag(high, low);
    assert.is(set.isFlagged(high, low), true);
  }
  const [[high, low] = [0, 0]] = all;
  for (let bit = 0; bit < 32; bit += 1) {
    for (const [one, other] of [
      [high ^ (1 << bit), low],
      [high, low ^ (1 << bit)],
    ] as const) {
      // Not in the set: it cannot be flagged.
      set.flag(one, other);
      assert.is(set.isFlagged(one, other), false);
    }
  }
});

test.run();
