/** A part of a line with one style. */
export interface Span {
  readonly text: string;
  /** Parameters of the escape sequence SGR, such as `32` for green. */
  readonly style: readonly number[];
}

interface Cell {
  readonly character: string;
  readonly style: readonly number[];
}

const blank: Cell = { character: ' ', style: [] };

/** Control sequences, other escape sequences, single characters. */
const tokens =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's output has them
  /\x1b\[([?>]?)([\d;]*)([@-~])|\x1b\][^\x07]*\x07|\x1b[()][0-9A-B]|\x1b[=>]|[\s\S]/gu;

/** Returns the lines that a terminal shows after this output. It knows the sequences that docker and bash use. */
export function linesOf(output: string): Span[][] {
  const rows: Cell[][] = [[]];
  let [row, column] = [0, 0];
  let style: readonly number[] = [];
  const put = (character: string) => {
    while (rows.length <= row) rows.push([]);
    const cells = rows[row] as Cell[];
    while (cells.length < column) cells.push(blank);
    cells[column] = { character, style };
    column += 1;
  };
  const clear = (from: number) => {
    rows[row] = (rows[row] ?? []).slice(0, from);
  };
  const control = (code: string, numbers: readonly number[]) => {
    const count = numbers[0] || 1;
    if (code === 'A') row = Math.max(0, row - count);
    if (code === 'B') row += count;
    if (code === 'C') column += count;
    if (code === 'D') column = Math.max(0, column - count);
    if (code === 'G') column = count - 1;
    if (code === 'J') rows.splice(row + 1);
    if (code === 'J' || code === 'K') clear(numbers[0] === 2 ? 0 : column);
    if (code === 'm') style = numbers.includes(0) ? [] : [...style, ...numbers];
  };
  for (const [token, mode, parameters, code] of output.matchAll(tokens)) {
    if (token === '\r') column = 0;
    else if (token === '\b') column = Math.max(0, column - 1);
    else if (token === '\t') column += 8 - (column % 8);
    else if (token === '\n') row += 1;
    else if (code !== undefined && mode === '') control(code, numbersOf(parameters ?? ''));
    else if (!token.startsWith('\x1b') && token >= ' ') put(token);
  }
  return Array.from(rows, (cells = []) => spansOf(cells));
}

function numbersOf(parameters: string): number[] {
  return parameters.split(';').map(Number);
}

function spansOf(cells: readonly Cell[]): Span[] {
  const spans: { text: string; style: readonly number[] }[] = [];
  for (const { character, style } of cells) {
    const last = spans.at(-1);
    if (last !== undefined && last.style.join() === style.join()) last.text += character;
    else spans.push({ text: character, style });
  }
  return spans;
}
