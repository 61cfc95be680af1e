import { forEachPiece, pieceLength, sharedPieces } from './pieces.ts';
import { decodeEscapes, type View } from './unescape.ts';

const maxLength = 300;
/** Limits the work for a long response. */
const maxInputLength = 16 * 1024;

/** Secrets of the request, which the response may repeat. */
export type Secrets = readonly (string | undefined)[];

/** Makes text from another program or server safe to show: masks secrets, one line, at most 300 characters. */
export function plain(text: string, secrets: Secrets = []): string {
  const line = masked(text.slice(0, maxInputLength), secrets)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

const mark = '***';
/** Shorter encodings of a short secret would match other text by chance. */
const minEncodedBytes = 4;
/** The encodings of a longer text take seconds; IBM Cloud's secrets are shorter. */
const maxRareBytes = 64 * 1024;
/** Nested escapes, as for JSON in JSON or a URL in a URL. */
const maxEscapeLevels = 3;

/**
 * Returns `text` with each secret, and each part of one of at least 8 bytes, replaced by `***`. Also finds encoded secrets:
 * percent-encoded; escaped as in JSON, HTML or C; base64 and base64url at every alignment (so inside `user:secret` too), also
 * twice; hexadecimal; decimal lists of bytes; UTF-16. Ignores case, escape sequences of terminals, and characters other than
 * letters and digits between those of an encoded secret, such as line breaks. A secret of fewer than 8 bytes is masked only
 * as a whole. The time is linear in the sum of all lengths.
 */
export function masked(text: string, secrets: readonly (string | undefined)[]): string {
  const given = secrets.flatMap((secret) => (secret ? [Buffer.from(secret)] : []));
  if (given.length === 0) return text;
  const exact = given.map(lowerCase);
  const encoded = given.flatMap(encodings);
  const levels = levelsOf(text);
  const exactViews = levels.map((view) => ({ ...view, bytes: lowerCase(view.bytes) }));
  const foldedViews = levels.map(foldView);
  const views = [...exactViews, ...foldedViews];
  const bytesOf = views.map(({ bytes }) => bytes);
  const pieces = sharedPieces(bytesOf, [...exact, ...encoded]);
  const covered = new Uint8Array(text.length);
  for (const view of views) coverPieces(covered, view, pieces);
  for (const view of exactViews) coverShort(covered, view, exact, 1);
  for (const view of foldedViews) coverShort(covered, view, encoded, minEncodedBytes);
  return withMarks(text, covered);
}

/** Returns the text itself, and the text after decoding one level of escapes, two levels, and so on. */
function levelsOf(text: string): View[] {
  const levels: View[] = [];
  let view: View | undefined = viewOf(text);
  while (view !== undefined && levels.length <= maxEscapeLevels) {
    levels.push(view);
    view = decodeEscapes(view);
  }
  return levels;
}

/** Returns the encodings of a secret, folded. The secret itself is included if it has at least 8 bytes after folding. */
function encodings(secret: Buffer): Uint8Array[] {
  const itself = fold(secret);
  const inBase64 = atEachAlignment(secret);
  const encoded = [secret.toString('hex'), ...inBase64].map((text) => fold(Buffer.from(text)));
  const isUsual = secret.length >= pieceLength && secret.length <= maxRareBytes;
  const rare = isUsual ? rareEncodings(secret, inBase64) : [];
  return [
    ...encoded,
    ...rare.map((text) => fold(Buffer.from(text))),
    ...(itself.length < pieceLength ? [] : [itself]),
  ];
}

/**
 * Base64 in base64, as `auth` in a Secret of Kubernetes; UTF-16; lists of bytes, without their separators, which folding
 * removes. Those of a short secret match by chance.
 */
function rareEncodings(secret: Buffer, inBase64: readonly string[]): string[] {
  const utf16 = Buffer.from(secret.toString(), 'utf16le');
  return [
    ...inBase64.flatMap((digits) => atEachAlignment(Buffer.from(digits))),
    ...atEachAlignment(utf16),
    utf16.toString('hex'),
    [...secret].join(''),
    secret.toString('hex').replace(/../g, '0x$&'),
  ];
}

function atEachAlignment(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => base64(bytes, before));
}

/**
 * Returns the base64 digits of these bytes if they follow `before` other bytes (modulo 3). The first digit that also
 * depends on the bytes before is omitted. The last digit, which also depends on the bytes after, is omitted only for short
 * secrets; for others it is as at the end of a text.
 */
function base64(bytes: Buffer, before: number): string {
  const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = Math.ceil((before * 8) / 6);
  const end = Math.floor(((before + bytes.length) * 8) / 6);
  return digits.slice(first, end - first < pieceLength ? end : undefined);
}

/** Keeps letters and digits only, which base64 and base64url, and wrapped and unwrapped lines, have in common. */
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

/** Marks the pieces, which also occur in a secret. */
function coverPieces(
  covered: Uint8Array,
  { bytes, from, to }: View,
  pieces: ReadonlySet<number>,
): void {
  // Each part of the text is marked at most once for each byte of a piece.
  forEachPiece(bytes, (piece, at) => {
    if (pieces.has(piece)) covered.fill(1, from[at], to[at + pieceLength - 1]);
  });
}

/** Marks forms that are too short for a piece, of at least `minBytes`. */
function coverShort(
  covered: Uint8Array,
  { bytes, from, to }: View,
  forms: readonly Uint8Array[],
  minBytes: number,
): void {
  for (const form of forms) {
    if (form.length >= pieceLength || form.length < minBytes) continue;
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
