/** Wraps a text at spaces to at most `width` characters per line. A longer word gets its own line. */
export function wrap(text: string, width: number): string[] {
  return fill(text.split(' '), width, '', '');
}

/**
 * Wraps a text that may contain a command, such as a hint. Lines of a command end with a backslash, so that the command
 * can be copied to a shell, and quoted arguments are not broken.
 */
export function wrapCommand(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const start = commandStart.exec(text);
  if (start === null) return wrap(text, width);
  const from = start.index + start[0].length;
  const [before, command] = [text.slice(0, from), text.slice(from)];
  const lines = before === '' ? [] : wrap(before.trimEnd(), width);
  const last = before === '' ? '' : `${lines.pop()} `;
  const [word = '', ...words] = command.match(/(?:'[^']*'|"[^"]*"|\S)+/g) ?? [];
  const isOnNextLine = last.length + word.length + continuation.length > width && last !== '';
  if (isOnNextLine) lines.push(last.trimEnd());
  const first = isOnNextLine ? word : `${last}${word}`;
  return [...lines, ...fill([first, ...words], width, continuation, '  ')];
}

/** Matches the text before a command. Commands of this program are also found without "run". */
const commandStart = /(?:^|\W)run (?!it\b|the |this |these )|(?=docker-credential-icr \w)/;
const continuation = ' \\';

/** Fills lines with words. Each line but the last ends with `end`; each but the first starts with `indent`. */
function fill(words: readonly string[], width: number, end: string, indent: string): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of words) {
    if (line === undefined) {
      line = word;
    } else if (`${line} ${word}${end}`.length > width && line.trim() !== '') {
      lines.push(`${line}${end}`);
      line = `${indent}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line ?? ''];
}
