import type { Context } from '../../context.ts';
import { hintLines, visible } from '../../visible.ts';
import { wrap, wrapCommand } from '../../wrap.ts';
import { type Check, type CheckInput, type Result, runCheck, type State } from './check.ts';

const colours = { ok: 32, warning: 33, error: 31, skipped: 2 } as const;
const markWidth = 'warning'.length;
const indent = ' '.repeat(markWidth + 1);

/** Runs all checks in parallel. Prints their results in order, each as early as possible. */
export async function showChecks(
  context: Context,
  checks: readonly Check[],
  input: CheckInput,
): Promise<Result[]> {
  const screen = context.screen?.();
  const write = screen?.write ?? context.stdout;
  const layout = layoutOf(context);
  const waiting = new Set(checks.map(({ name }) => name));
  const showWaiting = () => {
    if (screen === undefined) return;
    const line = waiting.size === 0 ? '' : `waiting for ${[...waiting].join(', ')}`;
    write(`\r\x1b[K${line.slice(0, layout.width - 1)}`);
  };
  const running = checks.map(async (check) => {
    const found = await runCheck(check, input);
    waiting.delete(check.name);
    showWaiting();
    return found;
  });
  const results: Result[] = [];
  for (const run of running) {
    const found = await run;
    results.push(...found);
    if (screen !== undefined) write('\r\x1b[K');
    for (const result of found) write(lineOf(result, layout));
    showWaiting();
  }
  write(summaryOf(results));
  return results;
}

/** Prints one result. */
export function showResult(context: Context, result: Result): void {
  const screen = context.screen?.();
  (screen?.write ?? context.stdout)(lineOf(result, layoutOf(context)));
}

interface Layout {
  readonly width: number;
  readonly hintWidth: number;
  readonly isColoured: boolean;
}

function layoutOf(context: Context): Layout {
  const screen = context.screen?.();
  return {
    width: screen?.columns ?? 80,
    // In a file or a pipe, hints are not wrapped.
    hintWidth: screen?.columns ?? Number.POSITIVE_INFINITY,
    isColoured: screen !== undefined && !context.env.NO_COLOR,
  };
}

function lineOf({ name, state, message, hint }: Result, layout: Layout): string {
  const { width, hintWidth, isColoured } = layout;
  const padded = state.padEnd(markWidth);
  const mark = isColoured ? `\x1b[${colours[state]}m${padded}\x1b[0m` : padded;
  const text = wrap(visible(`${name}: ${message}`), width - indent.length);
  const hints = hintLines(hint).flatMap((line) => wrapCommand(line, hintWidth - indent.length));
  const [first = '', ...rest] = [...text, ...hints];
  // A path that would not fit is indented less: a terminal would break it.
  const lines = rest.map((line) => line.padStart(Math.min(line.length + indent.length, hintWidth)));
  return `${[`${mark} ${first}`, ...lines].join('\n')}\n`;
}

/**
 * Prints one line, about the first error or the credential that expires first, and nothing if there is none. Other
 * warnings would recur at every run of a timer. Returns the exit status.
 */
export function showFirst(context: Context, results: readonly Result[]): number {
  const errors = results.filter(({ state }) => state === 'error');
  const expiring = results
    .filter(({ state, expiresAt }) => state === 'warning' && expiresAt !== undefined)
    .sort((a, b) => (a.expiresAt ?? '').localeCompare(b.expiresAt ?? ''));
  const [first, ...others] = [...errors, ...expiring];
  if (first === undefined) return 0;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const line = `${first.name}: ${first.message}${more}; run docker-credential-icr doctor`;
  context.stdout(`docker-credential-icr: ${visible(line)}\n`);
  return 1;
}

export function summaryOf(results: readonly Result[]): string {
  const parts = (['error', 'warning'] as const).flatMap((state) => counted(results, state));
  return `${parts.join(', ') || 'no problems found'}\n`;
}

function counted(results: readonly Result[], state: State): string[] {
  const count = results.filter((result) => result.state === state).length;
  return count === 0 ? [] : [`${count} ${state}${count === 1 ? '' : 's'}`];
}
