/** The length of a piece in bytes: that of a number. */
export const pieceLength = 8;

/**
 * Calls `visit` with each sequence of 8 bytes, as a number, and its position. Different sequences are different numbers,
 * except those that no text has: all NaN, which begin with 0x7ff or 0xfff, count as one, and so do 0 and -0.
 */
export function forEachPiece(
  bytes: Uint8Array,
  visit: (piece: number, position: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + pieceLength <= bytes.length; at += 1) visit(view.getFloat64(at), at);
}

/**
 * Returns the pieces that occur in one of the texts and in one of the forms. The texts are indexed, so the time is not a
 * product of the lengths. A set of numbers, because one of strings takes more than a minute for a million pieces.
 */
export function sharedPieces(
  texts: readonly Uint8Array[],
  forms: readonly Uint8Array[],
): ReadonlySet<number> {
  const inTexts = new Set<number>();
  for (const text of texts) forEachPiece(text, (piece) => inTexts.add(piece));
  const shared = new Set<number>();
  for (const form of forms) {
    forEachPiece(form, (piece) => {
      if (inTexts.has(piece)) shared.add(piece);
    });
  }
  return shared;
}
