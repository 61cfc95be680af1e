import type { Context } from '../context.ts';
import { wrap, wrapCommand } from '../wrap.ts';
import type { Command, CommandEntry, CommandGroup, Option, Section } from './command.ts';
import { commands } from './commands.ts';
import { entryNamed } from './typed-command.ts';

const program = 'docker-credential-icr';

/** Longer lines are hard to read, however wide the terminal is. */
const maxWidth = 100;
const defaultWidth = 80;
/** On a narrower terminal, descriptions are printed below the names instead of in a second column. */
const minTwoColumns = 60;
/** After a longer name, the description begins on the next line. */
const maxNameLength = 26;

/** Returns the help of a command; without words, the overview. Returns undefined for an unknown command. */
export async function helpFor(
  { screen }: Context,
  [word, second]: readonly string[],
): Promise<string | undefined> {
  const width = Math.min(screen?.()?.columns ?? defaultWidth, maxWidth);
  if (word === undefined) return overview(width);
  const entry = entryNamed(commands, word);
  if (entry === undefined) return undefined;
  if (!('commands' in entry)) return commandHelp(entry.usage, entry, await entry.load(), width);
  if (second === undefined) return groupHelp(entry, width);
  const sub = entryNamed(entry.commands, second) as CommandEntry | undefined;
  if (sub === undefined) return undefined;
  return commandHelp(`${entry.usage} ${sub.usage}`, sub, await sub.load(), width);
}

/** Converts the syntax of yargs: `login [hosts..]` becomes `login [HOST...]`. */
function shownUsage(usage: string): string {
  return usage
    .replace(/\[(\w+?)s?\.\.\]/g, (_, name: string) => `[${name.toUpperCase()}...]`)
    .replace(/\[(\w+)\]/g, (_, name: string) => `[${name.toUpperCase()}]`)
    .replace(/<(\w+)>/g, (_, name: string) => name.toUpperCase());
}

const sections: readonly Section[] = [
  'Get started',
  'Accounts and hosts',
  'IBM Cloud',
  'Clusters',
  'Other',
];

function overview(width: number): string {
  const groups = sections.map((title) => {
    const entries = commands.filter(({ section }) => section === title);
    const rows = entries.map((entry) => [listedUsage(entry), entry.describe] as const);
    return list(title, title === 'Other' ? [...rows, helpRow] : rows, width);
  });
  return [
    paragraph('docker credential helper for IBM Cloud Container Registry (icr.io)', width),
    usageLine('COMMAND', width),
    ...groups,
    list('Options', [['-h, --help', 'show help'], versionRow], width),
    `${paragraph('options and examples of a command:', width)}  ${program} COMMAND --help\n`,
    paragraph('Docker and other clients call get, store, erase and list.', width),
  ].join('\n');
}

const helpRow = ['help [COMMAND]', 'show the help of a command'] as const;
const versionRow = ['-v, --version', 'show the version'] as const;

function listedUsage(entry: CommandEntry | CommandGroup): string {
  return 'commands' in entry ? `${entry.usage} COMMAND` : withRest(shownUsage(entry.usage), entry);
}

function withRest(usage: string, { rest }: CommandEntry): string {
  return rest === undefined ? usage : `${usage} ${rest}`;
}

function groupHelp({ usage, describe, commands: subs }: CommandGroup, width: number): string {
  const rows = subs.map((entry) => [shownUsage(entry.usage), entry.describe] as const);
  return [
    paragraph(describe, width),
    usageLine(`${usage} COMMAND`, width),
    list('Commands', rows, width),
  ].join('\n');
}

function commandHelp(
  usage: string,
  entry: CommandEntry,
  { options, examples, values }: Command<never>,
  width: number,
): string {
  const all = Object.entries(options);
  const groups = Map.groupBy(all, ([, { group = 'Options' }]) => group);
  const lists = [...groups].map(([title, each]) => list(title, each.map(optionRow), width));
  const words = `${shownUsage(usage)}${all.length > 0 ? ' [OPTIONS]' : ''}`;
  const parts = [
    paragraph(entry.describe, width),
    usageLine(withRest(words, entry), width),
    ...(values === undefined ? [] : [list(values.title, values.rows, width)]),
    ...lists,
  ];
  if (examples.length > 0) parts.push(exampleList(examples, width));
  return parts.join('\n');
}

function usageLine(words: string, width: number): string {
  return `${wrap(`Usage: ${program} ${words}`, width - 2).join('\n  ')}\n`;
}

/** Placeholders for the values of options, if not the last word of the name. */
const valueNames: Readonly<Record<string, string>> = {
  'action-when-leaked': 'ACTION',
  as: 'IDENTITY',
  executable: 'PATH',
  'expires-in': 'TIME',
  'min-lifetime': 'TIME',
  output: 'FILE',
  present: 'USER',
  skip: 'COPY',
  to: 'COPY',
};

function optionRow([name, option]: readonly [string, Option]): readonly [string, string] {
  const { type, describe, alias, choices, default: defaultValue } = option;
  const long = defaultValue === true ? `--[no-]${name}` : `--${name}`;
  const short = alias === undefined ? '' : `${alias.length === 1 ? '-' : '--'}${alias}, `;
  const valueName = valueNames[name] ?? name.replace(/.*-/, '').toUpperCase();
  const value = type === 'string' ? ` ${valueName}` : '';
  const notes = [
    ...(choices === undefined ? [] : [choices.join(', ')]),
    ...(typeof defaultValue === 'string' ? [`default: ${defaultValue}`] : []),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return [`${short}${long}${value}`, `${describe}${note}`];
}

function exampleList(examples: Command<never>['examples'], width: number): string {
  const each = examples.map(
    ([line, description]) =>
      `${block(capital(description), 2, width)}${indented(wrapCommand(`${program} ${line}`, width - 4), 4)}`,
  );
  return `Examples\n${each.join('')}`;
}

function list(
  title: string,
  rows: readonly (readonly [name: string, describe: string])[],
  width: number,
): string {
  const names = rows.map(([name]) => name.length).filter((length) => length <= maxNameLength);
  const column = Math.max(...names, 0) + 4;
  const lines = rows.map(([name, describe]) => {
    if (width < minTwoColumns)
      return `${block(name, 2, width)}${block(capital(describe), 6, width)}`;
    const text = block(capital(describe), column, width);
    const isLong = name.length + 4 > column;
    return isLong ? `  ${name}\n${text}` : `  ${name}`.padEnd(column) + text.slice(column);
  });
  return `${title}\n${lines.join('')}`;
}

function paragraph(text: string, width: number): string {
  return block(capital(text), 0, width);
}

function block(text: string, indent: number, width: number): string {
  return indented(wrap(text, width - indent), indent);
}

function indented(lines: readonly string[], indent: number): string {
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
