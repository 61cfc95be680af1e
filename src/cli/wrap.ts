import type { Screen } from '../context.ts';

/** Breaks a text at spaces into lines of at most `width` characters; a longer word has a line of its own. */
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

/** Returns the text as a line for a screen, broken at spaces if it is too long for it. Other outputs get one line. */
export function lineFor(screen: Pick<Screen, 'columns'> | undefined, text: string): string {
  const width = screen?.columns ?? Number.POSITIVE_INFINITY;
  // A command is to be copied: it is never broken.
  const lines = /docker-credential-icr \w/.test(text) ? [text] : wrap(text, width);
  return `${lines.join('\n')}\n`;
}
