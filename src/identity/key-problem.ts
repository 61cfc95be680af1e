/**
 * What is wrong with a text that should be an API key, as the end of a sentence that starts with its place; undefined if it
 * can be one. Repeats nothing of the text but the name of a variable: the text may be the key.
 */
export function keyProblem(text: string): string | undefined {
  const quote = /^["'`“”‘’]|["'`“”‘’]$/u.exec(text)?.[0];
  if (quote !== undefined) return `starts or ends with a quotation mark (${quote})`;
  if (/\s/u.test(text)) return 'contains white space';
  const reference = references.map((pattern) => pattern.exec(text)).find((match) => match !== null);
  if (reference) return `contains a reference${toName(reference)} that was not expanded`;
  // IBM's SDKs refuse these too: a placeholder was pasted.
  if (/^[{}]|[{}]$/.test(text)) return 'starts or ends with a brace';
  if (/^<.*>$/.test(text)) return 'is a placeholder in angle brackets';
  if (/^[A-Z][A-Z0-9_]*_[A-Z0-9_]*=/.test(text)) return 'starts with the name of a variable and =';
  return /^[\x21-\x7e]+$/.test(text) ? undefined : 'contains a character that is not allowed';
}

/** References that a shell, a CI system or a template engine would have replaced. No key of IBM has such characters. */
const references: readonly RegExp[] = [
  /\$\{+\s*([\w.-]*)/,
  /\$\(\s*([\w.-]*)\s*\)?/,
  /^\$(?:env:)?([A-Za-z_]\w{0,63})$/i,
  /^%([A-Za-z_]\w{0,63})%$/,
  /\{\{\s*([\w.-]*)/,
  /^\(\(([\w.-]*)\)\)$/,
];

/** Names of variables are short; a longer text may be a key. */
function toName([, name = '']: RegExpExecArray): string {
  return /^[A-Za-z_][\w.-]{0,39}$/.test(name) ? ` to ${name}` : '';
}
