import path from 'node:path';
import type yargsFactory from 'yargs';
// @ts-expect-error: cliui does not declare types for this module.
import { cliui } from '../../node_modules/cliui/build/lib/index.js';
// @ts-expect-error: yargs does not declare types for its internal modules.
import { YargsFactory } from '../../node_modules/yargs/build/lib/yargs-factory.js';
// @ts-expect-error: types of yargs-parser are not installed. Its entry point for Node loads node:util, which takes longer.
import Parser from '../../node_modules/yargs-parser/browser.js';
import { parseObject } from '../json-object.ts';

/** What is wrong with the arguments of a command. */
interface ArgumentProblem {
  readonly code: 'unknown-argument' | 'unknown-command' | 'missing-value' | 'missing-argument';
  /** The unknown words, or the option without a value. */
  readonly value: string;
  /** The number of unknown words. */
  readonly count: number;
}

/** The keys of yargs' messages in its own translations (`locales/en.json`). */
export const problemCodes: ReadonlyMap<string, ArgumentProblem['code']> = new Map([
  ['Unknown argument: %s', 'unknown-argument'],
  ['Unknown command: %s', 'unknown-command'],
  ['Not enough arguments following: %s', 'missing-value'],
  ['Not enough non-option arguments: got %s, need at least %s', 'missing-argument'],
]);

/** Returns the problem that `translations` has put into an error's message; undefined for other messages. */
export function argumentProblem(message: string): ArgumentProblem | undefined {
  return parseObject(message) as ArgumentProblem | undefined;
}

/**
 * Replaces y18n, which reads `/locales/en.json` in a compiled executable. yargs' errors have no codes, but it translates
 * their messages: a problem is "translated" to JSON with its code. Other texts stay in English.
 */
const translations = {
  __: (key: string, ...values: readonly unknown[]) => translate(key, key, 1, values),
  __n: (one: string, other: string, count: number, ...values: readonly unknown[]) =>
    translate(one, count === 1 ? one : other, count, values),
  getLocale: () => 'en',
  setLocale: () => {},
  updateLocale: () => {},
};

function translate(key: string, text: string, count: number, values: readonly unknown[]): string {
  const code = problemCodes.get(key);
  if (code !== undefined) return JSON.stringify({ code, value: String(values[0]), count });
  return values.reduce<string>((filled, value) => filled.replace('%s', () => `${value}`), text);
}

/**
 * Replaces string-width, strip-ansi and wrap-ansi, which take 7 ms to load. Help texts contain no escape sequences and
 * no wide characters.
 */
const plainText = {
  stringWidth: (text: string) => text.length,
  stripAnsi: (text: string) => text,
  wrap: (text: string, columns: number) =>
    text
      .split('\n')
      .map((line) => wrapLine(line, columns))
      .join('\n'),
};

/** Wraps at spaces. Only a word that is longer than a line is broken. */
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
 * yargs without access to files and the environment. The published entry point reads a locale file in the root directory
 * and `package.json` in the current directory and its parents, depends on `SHELL` for completion, and loads
 * `process.stdout`, which takes as long as the rest of yargs.
 */
export const yargs: typeof yargsFactory = YargsFactory({
  Parser,
  path,
  y18n: translations,
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
