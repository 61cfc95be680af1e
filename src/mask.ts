import { forEachPiece, PieceSet, pieceLength } from './piece-set.ts';
import { decodeEscapes, type View } from './unescape.ts';

/** What is shown in place of a secret. */
const mark = '***';
/** Bytes of the shortest encoding of a short secret that is searched for. */
const shortestEncoding = 4;
/** Escapes inside escapes: JSON in JSON, a URL in a URL. */
const deepestEscapes = 3;

/**
 * Returns `text` with `***` in place of each secret, of each piece of 8 bytes or more of one, and of the same in another
 * encoding: percent-encoded, escaped as in JSON, HTML or C, base64 and base64url at every alignment (so inside
 * `user:secret` too) and hexadecimal; in any case, and with anything but letters and digits in between, as in wrapped
 * lines. A secret of fewer than 8 bytes is masked as a whole. Takes time in proportion to the sum of all lengths.
 */
export function masked(text: string, secrets: readonly (string | undefined)[]): string {
  const given = secrets.flatMap((secret) => (secret ? [Buffer.from(secret)] : []));
  if (text === '' || given.length === 0) return text;
  const exact = given.map(lowerCase);
  const encoded = given.flatMap(encodings);
  const levels = levelsOf(text);
  const exactViews = levels.map((view) => ({ ...view, bytes: lowerCase(view.bytes) }));
  const foldedViews = levels.map(foldView);
  const views = [...exactViews, ...foldedViews];
  // The text is indexed once and the secrets run past the index, so no length multiplies another.
  const pieces = new PieceSet(views.map(({ bytes }) => bytes));
  for (const form of [...exact, ...encoded])
    forEachPiece(form, (high, low) => pieces.flag(high, low));
  const covered = new Uint8Array(text.length);
  for (const view of views) coverPieces(covered, view, pieces);
  for (const view of exactViews) coverShort(covered, view, exact, 1);
  for (const view of foldedViews) coverShort(covered, view, encoded, shortestEncoding);
  return withMarks(text, covered);
}

/** The text as it is, and with one level of escapes after the other decoded. */
function levelsOf(text: string): View[] {
  const levels: View[] = [];
  let view: View | undefined = viewOf(text);
  while (view !== undefined && levels.length <= deepestEscapes) {
    levels.push(view);
    view = decodeEscapes(view);
  }
  return levels;
}

/** Each folded; the secret itself only if enough of it is left. */
function encodings(secret: Buffer): Uint8Array[] {
  const itself = fold(secret);
  const digits = [secret.toString('hex'), ...[0, 1, 2].map((before) => base64(secret, before))];
  const encoded = digits.map((text) => fold(Buffer.from(text)));
  return itself.length < pieceLength ? encoded : [itself, ...encoded];
}

/**
 * The base64 digits of these bytes if so many bytes (modulo 3) are in front of them: of few bytes those that depend on
 * them alone, of more the last one too, as it is at the end of a text.
 */
function base64(bytes: Buffer, before: number): string {
  const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = Math.ceil((before * 8) / 6);
  const end = Math.floor(((before + bytes.length) * 8) / 6);
  return digits.slice(first, end - first < pieceLength ? end : undefined);
}

/** Letters and digits only: base64 and base64url, wrapped and unwrapped lines do not differ in those. */
function fold(bytes: Uint8Array): Uint8Array {
  return lowerCase(bytes.filter(isLetterOrDigit));
}

function foldView({ bytes, from, to }: View): View {
  const isKept = (_: number, i: number): boolean => isLetterOrDigit(bytes[i] ?? 0);
  return { bytes: fold(bytes), from: from.filter(isKept), to: to.filter(isKept) };
}

function isLetterOrDigit(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}

/** ASCII only. */
function lowerCase(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
}

function viewOf(text: string): View {
  const bytes = Buffer.from(text);
  const from = new Uint32Array(bytes.length);
  const to = new Uint32Array(bytes.length);
  let at = 0;
  for (let i = 0; i < text.length; ) {
    const code = text.codePointAt(i) ?? 0;
    const end = i + (code > 0xffff ? 2 : 1);
    // As in UTF-8. A lone surrogate becomes U+FFFD, which has three bytes as well.
    const next = at + (code < 0x80 ? 1 : code < 0x800 ? 2 : code > 0xffff ? 4 : 3);
    from.fill(i, at, next);
    to.fill(end, at, next);
    at = next;
    i = end;
  }
  return { bytes, from, to };
}

/** Covers what the view has in common with the secrets: the flagged pieces. */
function coverPieces(covered: Uint8Array, { bytes, from, to }: View, pieces: PieceSet): void {
  let done = 0;
  forEachPiece(bytes, (high, low, at) => {
    if (!pieces.isFlagged(high, low)) return;
    const end = to[at + pieceLength - 1] ?? 0;
    covered.fill(1, Math.max(done, from[at] ?? 0), end);
    done = Math.max(done, end);
  });
}

/** Covers forms that have no piece because they are too short, from `shortest` bytes on. */
function coverShort(
  covered: Uint8Array,
  { bytes, from, to }: View,
  forms: readonly Uint8Array[],
  shortest: number,
): void {
  for (const form of forms) {
    if (form.length >= pieceLength || form.length < shortest) continue;
    forEachPlace(bytes, form, (at) => covered.fill(1, from[at], to[at + form.length - 1]));
  }
}

function forEachPlace(bytes: Uint8Array, form: Uint8Array, visit: (at: number) => void): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) visit(at);
}

function withMarks(text: string, covered: Uint8Array): string {
  const pieces: string[] = [];
  let shown = 0;
  for (let at = covered.indexOf(1); at >= 0; at = covered.indexOf(1, shown)) {
    pieces.push(text.slice(shown, at), mark);
    const end = covered.indexOf(0, at);
    shown = end < 0 ? text.length : end;
  }
  pieces.push(text.slice(shown));
  return pieces.join('');
}
