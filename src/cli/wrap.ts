import type { Screen } from '../context.ts';

/** Wraps a text at spaces to at most `width` characters per line. A longer word gets its own line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Returns the text with a final newline, wrapped to the width of the screen if the output is one. */
export function lineFor(screen: Pick<Screen, 'columns'> | undefined, text: string): string {
  const width = screen?.columns ?? Number.POSITIVE_INFINITY;
  // A text that contains a command is not wrapped, so that the command can be copied.
  const lines = /docker-credential-icr \w/.test(text) ? [text] : wrap(text, width);
  return `${lines.join('\n')}\n`;
}
