import type { CredHelpersFile } from '../../clients/cred-helpers.ts';
import { shown, typed } from '../../clients/notes.ts';
import { HelperError } from '../../errors.ts';
import { isIbmHost } from '../../registry/match.ts';
import { publicHosts } from '../../registry/regions.ts';
import { type Examined, type Finding, fail, warn } from './check.ts';
import { configureCommand, cutProperty, givenToOthers, staleAuths } from './client-file.ts';
import { isOnPath } from './search-path.ts';

/** Passwords in a client's file, past every helper, and in plain text. */
export function staleAuthFindings(
  examined: Examined,
  read: CredHelpersFile,
  /** The client's own command that takes an entry out; `undefined` where it cannot. */
  logout: (key: string) => string | undefined,
): Finding[] {
  return staleAuths(read).map(([key, host]) => {
    const what = `${read.file} has a password for ${shown(key)} in plain text`;
    return fail(what, `${takeOut(examined, read, key, logout)}${signInAgain(examined, host)}`);
  });
}

function takeOut(
  { context }: Examined,
  { file }: CredHelpersFile,
  key: string,
  logout: (key: string) => string | undefined,
): string {
  const command = logout(key);
  const program = command?.split(' ')[0] ?? '';
  return command !== undefined && isOnPath(context, program)
    ? command
    : cutProperty(file, key, '\\{[^{}]*\\}');
}

/** The client's `logout` tells this helper as well, so the host has to be named again. */
function signInAgain({ look }: Examined, host: string): string {
  const found = look.answers().find(({ serverURL }) => serverURL === host)?.found;
  const identity = found instanceof HelperError ? undefined : found?.identity;
  return identity === undefined
    ? ` && docker-credential-icr login ${host}`
    : ` && docker-credential-icr map ${host} ${typed(identity)}`;
}

export function otherHelperFindings(client: string, read: CredHelpersFile): Finding[] {
  const hosts = givenToOthers(read);
  if (hosts.length === 0) return [];
  const what = `${read.file} names another helper for ${hosts.map(shown).join(', ')}`;
  return [warn(what, `${configureCommand(client, hosts.map(typed))} --force`)];
}

/** Hosts that are answered here, and about which no file of the client asks. */
export function leftOutFindings(
  { look }: Examined,
  client: string,
  isAsked: (host: string) => boolean,
): Finding[] {
  const answered = look.answers().filter(({ host }) => isIbmHost(host) && !isAsked(host.name));
  const own = unique(
    answered.filter(isOwn(look.readableSettings().mappings)).map(({ host }) => host.name),
  );
  const all = unique(answered.map(({ host }) => host.name));
  if (all.length === 0) return [];
  const isUsual = all.every((host) => publicHosts.includes(host));
  const fix = configureCommand(client, isUsual ? [] : all);
  const what = `not asked about, though answered here: ${all.join(', ')}`;
  return [own.length > 0 ? fail(what, fix) : warn(what, fix)];
}

type Answer = ReturnType<Examined['look']['answers']>[number];

/** Whether somebody has named the host, rather than every host at once. */
function isOwn(mappings: Readonly<Record<string, unknown>>) {
  return ({ serverURL, found }: Answer): boolean =>
    Object.hasOwn(mappings, serverURL) ||
    (!(found instanceof HelperError) && found.keptIn.includes('docker login'));
}

/** A remark, for those who wonder why a host is not signed in to. */
export function unanswered({ look }: Examined, hosts: readonly string[]): string {
  const answered = new Set(look.answers().map(({ host }) => host.name));
  const none = hosts.filter((host) => !answered.has(host));
  if (none.length === 0 || answered.size === 0) return '';
  return none.length > 3
    ? `; nothing answers for ${none.length} of them`
    : `; nothing answers for ${none.join(', ')}`;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

export function countOf(hosts: readonly string[]): string {
  return `${hosts.length} IBM ${hosts.length === 1 ? 'host' : 'hosts'}`;
}
