/** The bytes of a text, decoded or not; for each byte, `from` and `to` are its range in the original text. */
export interface View {
  readonly bytes: Uint8Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/**
 * `%41`, `\ud83d\ude00`, `\u0041`, `\u{41}`, `\x41`, `\101`, `\n`, `&#65;`, `&#x41;`, `&amp;`; and colors and links of a
 * terminal, which start with a control character and `[` or `]`, and are removed.
 */
const anyEscape =
  /%([\da-f]{2})|\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})|\\u(?:\{([\da-f]{1,6})\}|([\da-f]{4}))|\\x([\da-f]{2})|\\([0-3][0-7]{2})|\\([^\w\s]|[bfnrt])|&#x0*([\da-f]{1,6});?|&#0*(\d{1,7});?|&(amp|lt|gt|quot|apos);|[^\s -\xff]\[[\d;:?]*[@-~]|[^\s -\xff]\][ -\xff]*[^\s -\xff]\\?/gi;

const characters: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Decodes one level of escapes; returns undefined for a text without escapes. */
export function decodeEscapes({ bytes, from, to }: View): View | undefined {
  // Decoding never makes the text longer.
  const decoded = new Uint8Array(bytes.length);
  const view = { from: new Uint32Array(bytes.length), to: new Uint32Array(bytes.length) };
  let length = 0;
  let done = 0;
  const copy = (end: number): void => {
    decoded.set(bytes.subarray(done, end), length);
    view.from.set(from.subarray(done, end), length);
    view.to.set(to.subarray(done, end), length);
    length += end - done;
  };
  for (const match of Buffer.from(bytes).toString('latin1').matchAll(anyEscape)) {
    copy(match.index);
    const value = decode(match);
    done = match.index + match[0].length;
    decoded.set(value, length);
    view.from.fill(from[match.index] ?? 0, length, length + value.length);
    view.to.fill(to[done - 1] ?? 0, length, length + value.length);
    length += value.length;
  }
  if (done === 0) return undefined;
  copy(bytes.length);
  return {
    bytes: decoded.subarray(0, length),
    from: view.from.subarray(0, length),
    to: view.to.subarray(0, length),
  };
}

/** Returns the bytes of an escape. */
function decode(match: RegExpExecArray): Buffer {
  const [all, percent, high, low, braced, unit, byte, octal, sign, hex, decimal, name] = match;
  const single = percent ?? byte;
  if (single !== undefined) return Buffer.from(single, 'hex');
  if (octal !== undefined) return Buffer.from([Number.parseInt(octal, 8)]);
  if (high !== undefined && low !== undefined) {
    return Buffer.from(String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)));
  }
  const digits = braced ?? unit ?? hex;
  const code = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16);
  if (code > 0x10ffff) return Buffer.from(all, 'latin1');
  if (!Number.isNaN(code)) return Buffer.from(String.fromCodePoint(code));
  const word = name ?? sign ?? '';
  return Buffer.from(characters[word.toLowerCase()] ?? word, 'latin1');
}
