/**
 * Returns the text with every character that a terminal obeys or hides as an escape sequence, `\u001b`: control characters
 * (also C1), bidirectional overrides, zero-width and other invisible characters, line separators, lone surrogates, private
 * and unassigned code points. Names come from files and from other programs: they must neither control the terminal nor
 * forge a line. In JSON the escape sequence has the same meaning.
 */
export function visible(text: string): string {
  if (isPrintableAscii(text)) return text;
  return text.replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, escapeUnits);
}

/** The same for a text of several lines: keeps line feeds and tabs. */
export function visibleLines(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : visible(part)))
    .join('');
}

/** Nearly every text is; the first use of a regular expression costs a protocol verb 30 µs. */
function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** By UTF-16 code units, as JSON does. */
function escapeUnits(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

/** CR, LF, NUL, ESC and their kind: they forge lines in logs and in other programs' protocols. */
export function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}
