/** Wraps a text at spaces to at most `width` characters per line. A longer word gets its own line. */
export function wrap(text: string, width: number): string[] {
  return fill(proseTokens(text), width);
}

/**
 * Wraps a text that may contain commands, such as a hint. A line that ends within a command ends with a backslash, so that the
 * command can be copied to a shell. Quoted arguments are not broken.
 */
export function wrapCommand(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const tokens: Token[] = [];
  for (let rest = text; rest !== ''; ) {
    const start = commandStart.exec(rest);
    const from = start === null ? rest.length : start.index + start[0].length;
    tokens.push(...proseTokens(rest.slice(0, from).trimEnd()));
    rest = rest.slice(from);
    const command = commandTokens(rest);
    tokens.push(...command);
    const last = command.at(-1);
    rest = last === undefined ? rest : rest.slice(last.end).trimStart();
  }
  return fill(tokens, width);
}

interface Token {
  readonly text: string;
  /** Part of a command: a line break after it needs a backslash, except after the last one. */
  readonly isCommand: boolean;
  /** Belongs to the same command as the token before. */
  readonly continues: boolean;
}

function proseTokens(text: string): Token[] {
  if (text === '') return [];
  return text.split(' ').map((word) => ({ text: word, isCommand: false, continues: false }));
}

/** Returns the words of the command at the start of a text, each with its end in the text. */
function commandTokens(text: string): (Token & { readonly end: number })[] {
  const tokens: (Token & { readonly end: number })[] = [];
  for (const { 0: word, index } of text.matchAll(/(?:'[^']*'|"[^"]*"|\S)+/g)) {
    if (wordsAfterCommand.has(word)) break;
    const end = index + word.length;
    tokens.push({ text: word, isCommand: true, continues: tokens.length > 0, end });
    if (/[,;]$/.test(word)) break;
  }
  return tokens;
}

/** Matches the text before a command. Commands of this program are also found without "run". */
const commandStart =
  /(?:^|\W)run (?!it\b|the |this |these )|(?=docker-credential-icr (?!(?:is|was|does|did|has|cannot)\b)(?:\w|--\w))/;
/** In a hint, a command ends before one of these words: `run docker-credential-icr login again`. */
const wordsAfterCommand = new Set(['again', 'and', 'if', 'in', 'or', 'then', 'to', 'with']);
const continuation = ' \\';

/** Fills lines with words. */
function fill(tokens: readonly Token[], width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const { text, isCommand, continues } of tokens) {
    const reserved = isCommand ? continuation.length : 0;
    if (line === undefined) {
      line = text;
    } else if (line.length + 1 + text.length + reserved > width && line.trim() !== '') {
      lines.push(continues ? `${line}${continuation}` : line);
      line = continues ? `  ${text}` : text;
    } else {
      line = line === '' ? text : `${line} ${text}`;
    }
  }
  return [...lines, line ?? ''];
}
