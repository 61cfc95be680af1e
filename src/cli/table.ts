import type { Context } from '../context.ts';
import { visible } from '../visible.ts';

/** Characters; a trusted profile's ID alone has 44. */
const longestCell = 22;

/**
 * Columns side by side, two spaces between them, no space at the end of a line. What is longer than `limits` says for
 * its column is cut, and ends in `…`. If the screen is narrower than that, each cell has a line of its own.
 */
export function table(
  { screen }: Pick<Context, 'screen'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  limits: readonly number[] = [],
): string {
  const lines = [head, ...rows].map((line) =>
    line.map((cell, column) => shortened(visible(cell), limits[column] ?? longestCell)),
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

/** The first cell of each row, and below it the others with their column's name. */
function records(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const nameWidth = Math.max(...head.slice(1).map(({ length }) => length));
  const lines = rows.flatMap(([first = '', ...cells]) => [
    first,
    ...cells.map((cell, index) => `  ${(head[index + 1] ?? '').padEnd(nameWidth)}  ${cell}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function shortened(cell: string, limit: number): string {
  return cell.length > limit ? `${cell.slice(0, limit - 1)}…` : cell;
}

/** Milliseconds as a person says them: `45 min`, `23 h`, `12 days`; `ended` for none. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 0) return 'ended';
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 60 / 24)} days`;
}
