/** The length of a piece in bytes, so that two 32-bit integers hold one exactly. */
export const pieceLength = 8;

/** Calls `visit` with each sequence of 8 bytes, as two integers, and its position. */
export function forEachPiece(
  bytes: Uint8Array,
  visit: (high: number, low: number, position: number) => void,
): void {
  let high = 0;
  let low = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    high = (high << 8) | (low >>> 24);
    low = (low << 8) | (bytes[i] ?? 0);
    if (i >= pieceLength - 1) visit(high, low, i - pieceLength + 1);
  }
}

/**
 * A set of pieces, each with a flag. It is a hash table of numbers, because a `Map` of strings takes more than a minute for
 * a million pieces. The hash factors are random, so that an attacker cannot prepare collisions.
 */
export class PieceSet {
  readonly #mask: number;
  readonly #highs: Int32Array;
  readonly #lows: Int32Array;
  /** 0: empty slot, 1: piece, 3: flagged piece. */
  readonly #states: Uint8Array;
  readonly #factors = [randomFactor(), randomFactor(), randomFactor()] as const;

  /** Adds the pieces of all texts. */
  constructor(texts: readonly Uint8Array[]) {
    const total = texts.reduce((sum, { length }) => sum + length, 1);
    const size = 2 ** Math.ceil(Math.log2(total * 2));
    this.#mask = size - 1;
    this.#highs = new Int32Array(size);
    this.#lows = new Int32Array(size);
    this.#states = new Uint8Array(size);
    const add = (high: number, low: number): void => {
      const slot = this.#slotOf(high, low);
      this.#highs[slot] = high;
      this.#lows[slot] = low;
      this.#states[slot] = 1;
    };
    for (const bytes of texts) forEachPiece(bytes, add);
  }

  /** Flags a piece if it is in the set. */
  flag(high: number, low: number): void {
    const slot = this.#slotOf(high, low);
    if (this.#states[slot] === 1) this.#states[slot] = 3;
  }

  isFlagged(high: number, low: number): boolean {
    return this.#states[this.#slotOf(high, low)] === 3;
  }

  /** Returns the slot of the piece, or the empty slot for it. */
  #slotOf(high: number, low: number): number {
    const [first, second, third] = this.#factors;
    const mixed = Math.imul(high, first) ^ Math.imul(low ^ (low >>> 15), second);
    let slot = (Math.imul(mixed ^ (mixed >>> 16), third) >>> 7) & this.#mask;
    while (this.#states[slot] !== 0 && (this.#highs[slot] !== high || this.#lows[slot] !== low)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}

function randomFactor(): number {
  return (Math.random() * 2 ** 32) | 1;
}
