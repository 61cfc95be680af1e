import { lineOf, type Page, readCommands } from './commands.ts';
import type { Stamp } from './stamp.ts';
import { program } from './targets.ts';

/** Returns the manual page docker-credential-icr(1), generated from the descriptions of the commands. */
export async function manPage({ version, epoch }: Stamp): Promise<string> {
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  const commands = await readCommands();
  const parts = [
    `.TH DOCKER-CREDENTIAL-ICR 1 "${date}" "${program} ${roff(version)}" "User Commands"`,
    ...head,
    '.SH COMMANDS',
    ...commands.flatMap(commandPart),
    ...tail,
  ];
  return `${parts.join('\n')}\n`;
}

const head = [
  '.SH NAME',
  'docker\\-credential\\-icr \\- credential helper for IBM Cloud Container Registry',
  '.SH SYNOPSIS',
  '.B docker\\-credential\\-icr',
  '.IR command " [" argument " ...] [" option " ...]"',
  '.SH DESCRIPTION',
  'Docker, podman, skopeo, buildah and other container clients ask this program for the credential of a',
  'registry host of IBM Cloud, by calling',
  '.BR get ", " store ", " erase " and " list .',
  'Users run the commands below; to get started, run',
  '.BR setup .',
];

const tail = [
  '.SH EXIT STATUS',
  '0 on success, 1 on failure, 2 for invalid usage, 130 if the command was interrupted.',
  '.SH ENVIRONMENT',
  '.TP',
  '.B DOCKER_CREDENTIAL_ICR_API_KEY\\fR, \\fBIBMCLOUD_API_KEY',
  'An API key to use.',
  '.TP',
  '.B DOCKER_CREDENTIAL_ICR_CONFIG_DIR',
  'The directory of settings and secrets, instead of the default one.',
  '.TP',
  '.B DOCKER_CREDENTIAL_ICR_DEBUG',
  '1 prints to standard error which sources were tried, and why none had a credential.',
  '.SH SEE ALSO',
  '.BR docker\\-login (1),',
  '.BR podman\\-login (1),',
  '.BR skopeo\\-login (1)',
];

function commandPart(page: Page): string[] {
  return [
    `.SS ${quoted(roff(lineOf(page)))}`,
    text(`${page.describe.charAt(0).toUpperCase()}${page.describe.slice(1)}.`),
    ...Object.entries(page.options).flatMap(optionPart),
    ...page.examples.flatMap(examplePart),
  ];
}

function optionPart([name, option]: [string, Page['options'][string]]): string[] {
  const names = [option.alias ?? [], name].flat().map(flag);
  const value = option.choices?.join('|') ?? 'value';
  const words = option.type === 'string' ? ` \\fI${roff(value)}\\fR` : '';
  return ['.TP', `${names.join(', ')}${words}`, text(option.describe)];
}

function flag(name: string): string {
  return `\\fB${roff(`${name.length === 1 ? '-' : '--'}${name}`)}\\fR`;
}

function examplePart([line, what]: readonly [string, string]): string[] {
  return ['.TP', `$ \\fB${roff(`${program} ${line}`)}\\fR`, text(what)];
}

function quoted(words: string): string {
  return `"${words.replaceAll('"', '\\(dq')}"`;
}

/** Escapes a dot or an apostrophe at the start of a line, which roff would read as a request. */
function text(words: string): string {
  const line = roff(words);
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

function roff(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('…', '...');
}
