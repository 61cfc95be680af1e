import type { Context } from '../../context.ts';
import { visible } from '../../visible.ts';
import { wrap } from '../wrap.ts';
import type { State } from './check.ts';
import type { Result } from './run-check.ts';

/** Characters in a line where nobody says otherwise. */
const usualWidth = 80;

/** How a report looks where it is shown. */
export interface Style {
  readonly width: number;
  readonly marks: Readonly<Record<State, string>>;
  /** Whether a line can be written over. */
  readonly live: boolean;
}

const words = { ok: 'ok  ', warn: 'warn', fail: 'fail', skip: 'skip' } as const;
const signs = {
  ok: '\x1b[32m✓\x1b[0m',
  warn: '\x1b[33m!\x1b[0m',
  fail: '\x1b[31m✗\x1b[0m',
  skip: '\x1b[2m-\x1b[0m',
} as const;

/** Signs in colour on a terminal that shows them, words everywhere else. */
export function styleFor(context: Context): Style {
  const screen = context.screen?.();
  const isPlain = screen === undefined || Boolean(context.env.NO_COLOR) || !showsUnicode(context);
  return {
    width: screen?.columns ?? usualWidth,
    marks: isPlain ? words : signs,
    live: screen !== undefined,
  };
}

/** By the first of the variables that is set, as the C library reads them. */
function showsUnicode({ env, platform }: Context): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return locale === '' ? platform === 'darwin' : /utf-?8/i.test(locale);
}

/** A mark, the check, what it found; below it, by itself, what to type. */
export function lineOf({ name, state, message, fix }: Result, { marks, width }: Style): string {
  const mark = marks[state];
  const indent = ' '.repeat(lengthOf(mark) + 1);
  const [first = '', ...more] = wrap(visible(`${name}: ${message}`), width - indent.length);
  const lines = [`${mark} ${first}`, ...more.map((line) => indent + line)];
  // Never broken: it is to be copied.
  if (fix !== undefined) lines.push(`${indent}run: ${visible(fix)}`);
  return `${lines.join('\n')}\n`;
}

function lengthOf(mark: string): number {
  return mark.includes('\x1b') ? 1 : mark.length;
}

export function summaryOf(results: readonly Result[]): string {
  const count = (state: State) => results.filter((result) => result.state === state).length;
  const wrong = count('fail');
  const doubtful = count('warn');
  if (wrong + doubtful === 0) return 'nothing is wrong\n';
  const parts = [
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(doubtful > 0 ? [`${doubtful} to look at`] : []),
  ];
  return `${parts.join(', ')}\n`;
}
