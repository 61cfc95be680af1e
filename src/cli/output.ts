import type { Context } from '../context.ts';
import { visible } from '../visible.ts';
import { wrapCommand } from '../wrap.ts';

/** Prints a message, wrapped to the width of a terminal. Data, such as a token or a diff, must not be wrapped. */
export function printLine(context: Context, message: string): void {
  const width = context.screen?.()?.columns ?? Number.POSITIVE_INFINITY;
  context.stdout(`${wrapCommand(message, width).join('\n')}\n`);
}

/** The ID of a trusted profile has 44 characters and would not fit. */
const defaultMaxLength = 22;

/**
 * Formats rows as columns, separated by two spaces. Cells that are longer than `maxLengths` are truncated and end with
 * `…`. If the screen is too narrow for the table, each cell is printed on its own line.
 */
export function table(
  { screen }: Pick<Context, 'screen'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  maxLengths: readonly number[] = [],
): string {
  const lines = [head, ...rows].map((line) =>
    line.map((cell, column) => truncated(visible(cell), maxLengths[column] ?? defaultMaxLength)),
  );
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const width = widths.reduce((sum, each) => sum + each + 2, -2);
  if (width > (screen?.()?.columns ?? Number.POSITIVE_INFINITY))
    return records(head, lines.slice(1));
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${lines.map(format).join('\n')}\n`;
}

/** Formats each row as a block: the first cell, then the other cells with the names of their columns. */
function records(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const nameWidth = Math.max(...head.slice(1).map(({ length }) => length));
  const lines = rows.flatMap(([first = '', ...cells]) => [
    first,
    ...cells.map((cell, index) => `  ${(head[index + 1] ?? '').padEnd(nameWidth)}  ${cell}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function truncated(cell: string, maxLength: number): string {
  return cell.length > maxLength ? `${cell.slice(0, maxLength - 1)}…` : cell;
}

/** Formats a remaining lifetime: `45 min`, `23 h`, `12 days`, `expired`. */
export function duration(remainingMs: number): string {
  const minutes = Math.floor(remainingMs / 60_000);
  if (minutes < 0) return 'expired';
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 60 / 24)} days`;
}
