/**
 * Escapes all characters that control a terminal or are invisible, as `\u001b`: control characters (also C1), bidirectional
 * overrides, zero-width characters, line separators, lone surrogates, private and unassigned code points. Names from files
 * and other programs must not control the terminal or add lines to the output. The escapes are also valid in JSON.
 */
export function visible(text: string): string {
  if (isPrintableAscii(text)) return text;
  return text.replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, escapeUnits);
}

/** Like `visible`, but keeps line feeds and tabs. */
export function visibleLines(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : visible(part)))
    .join('');
}

/** Fast path: avoids the first use of a regular expression, which costs a protocol verb 30 µs. */
function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Escapes each UTF-16 code unit, as JSON does. */
function escapeUnits(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

/** Returns true for text with CR, LF, NUL, ESC and so on, which can add lines to logs and to other programs' protocols. */
export function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}

/** IAM's API keys have 44 of these characters, as the ID of a trusted profile; a JWT begins with the base64 of `{"`. */
const keyOrToken = /^(?!Profile-)[\w-]{40,}$|^eyJ/;

/** Returns a typed name for messages; `…` instead of one that could be a key or token: users type them there by mistake. */
export function shownName(name: string): string {
  return keyOrToken.test(name) ? '…' : name;
}

/**
 * Quotes a text as an argument for a shell, if necessary. Names from files and other programs must not run commands if the
 * user types the command of a hint.
 */
export function shellQuoted(text: string): string {
  const safe = text.replace(/\p{Cc}/gu, '?');
  return /^[\w./:@-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

/** Returns the line for the hint of a message, on standard error or in a report; no line without a hint. */
export function hintLines(hint: string | undefined): string[] {
  return hint === undefined ? [] : [`hint: ${visible(hint)}`];
}

/** Returns a command that renames a file or directory to `FILE.old`. */
export function moveAway(file: string): string {
  return `mv -i ${shellQuoted(file)} ${shellQuoted(`${file}.old`)}`;
}
