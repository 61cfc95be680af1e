import path from 'node:path';
import type yargsFactory from 'yargs';
// @ts-expect-error: cliui has no types for its layout without the packages that measure texts.
import { cliui } from '../../node_modules/cliui/build/lib/index.js';
// @ts-expect-error: yargs has no types for its parts, and exports them only as one whole.
import { YargsFactory } from '../../node_modules/yargs/build/lib/yargs-factory.js';
// @ts-expect-error: types of yargs-parser are not installed.
import Parser from '../../node_modules/yargs-parser/build/lib/index.js';

/** Texts stay as they are in the source of yargs; its own implementation reads `/locales/en.json` if it is compiled. */
const english = {
  __: format,
  __n: (one: string, other: string, count: number, ...values: readonly unknown[]) => {
    const text = count === 1 ? one : other;
    return format(text, ...(text.includes('%d') ? [count] : []), ...values);
  },
  getLocale: () => 'en',
  setLocale: () => {},
  updateLocale: () => {},
};

function format(text: string, ...values: readonly unknown[]): string {
  return values.reduce<string>((filled, value) => filled.replace(/%[sd]/, () => `${value}`), text);
}

/** Help has only characters of one column, and no escape sequences. Packages that measure others take 7 ms. */
const plainText = {
  stringWidth: (text: string) => text.length,
  stripAnsi: (text: string) => text,
  wrap: (text: string, columns: number) =>
    text
      .split('\n')
      .map((line) => wrapLine(line, columns))
      .join('\n'),
};

/** A word that is longer than a line is broken; it may be a path. */
function wrapLine(line: string, columns: number): string {
  const piece = new RegExp(`.{1,${Math.max(columns, 1)}}`, 'gu');
  const lines = [''];
  for (const word of line.trim().split(' ')) {
    const last = lines.at(-1);
    const longer = last ? `${last} ${word}` : word;
    const isBroken = word.length > columns;
    if (longer.length > columns && !isBroken) lines.push(word);
    else lines.splice(-1, 1, ...(longer.match(piece) ?? ['']));
  }
  return lines.join('\n');
}

/**
 * yargs without access to files and to the environment: as published it reads a locale file in the root directory and
 * the `package.json` of the current directory and of those above, and `SHELL` changes what it completes. It also loads
 * `process.stdout`, which takes as long as the rest of yargs.
 */
export const yargs: typeof yargsFactory = YargsFactory({
  Parser,
  path,
  y18n: english,
  cliui: (options: object) => cliui(options, plainText),
  stringWidth: plainText.stringWidth,
  inspect: String,
  assert: { strictEqual: () => {}, notStrictEqual: () => {} },
  getCallerFile: () => '',
  getEnv: () => undefined,
  getProcessArgvBin: () => '',
  mainFilename: '',
  findUp: () => undefined,
  readFileSync: () => '',
  readdirSync: () => [],
  process: {
    argv: () => [],
    cwd: () => '/',
    execPath: () => '',
    nextTick: queueMicrotask,
    stdColumns: null,
  },
});
