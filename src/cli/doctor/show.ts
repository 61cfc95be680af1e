import type { Context } from '../../context.ts';
import type { Check, Examined } from './check.ts';
import { lineOf, type Style, styleFor, summaryOf } from './report.ts';
import { type Result, runCheck } from './run-check.ts';

/** Runs every check at the same time; each line is shown as soon as those above it are there. */
export async function showChecks(
  context: Context,
  checks: readonly Check[],
  examined: Examined,
): Promise<Result[]> {
  const style = styleFor(context);
  const write = context.screen?.()?.write ?? context.stdout;
  const running = checks.map((check) => runCheck(check, examined));
  const waiting = new Set(checks.map(({ name }) => name));
  const status = statusLine(write, style, waiting);
  running.forEach((run, index) => {
    void run.then(() => {
      waiting.delete(checks[index]?.name ?? '');
      status.show();
    });
  });
  const results: Result[] = [];
  for (const run of running) {
    const found = await run;
    results.push(...found);
    status.clear();
    for (const result of found) write(lineOf(result, style));
    status.show();
  }
  status.clear();
  write(summaryOf(results));
  return results;
}

/** The last line of a terminal: whom we are waiting for. */
function statusLine(
  write: Context['stdout'],
  { live, width }: Style,
  waiting: ReadonlySet<string>,
) {
  let shown = false;
  const clear = () => {
    if (shown) write('\r\x1b[K');
    shown = false;
  };
  const show = () => {
    clear();
    if (!live || waiting.size === 0) return;
    write(`waiting for ${[...waiting].join(', ')}`.slice(0, width - 1));
    shown = true;
  };
  return { clear, show };
}
