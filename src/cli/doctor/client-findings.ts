import fs from 'node:fs';
import path from 'node:path';
import { type CredHelpersFile, entryOf } from '../../clients/cred-helpers.ts';
import { shown, typed } from '../../clients/notes.ts';
import { HelperError } from '../../errors.ts';
import { isOnPath } from '../../files/executables.ts';
import { isIbmHost } from '../../registry/match.ts';
import { publicHosts } from '../../registry/regions.ts';
import { type Examined, type Finding, fail, warn } from './check.ts';
import {
  configureCommand,
  cutProperty,
  givenToOthers,
  realName,
  staleAuths,
} from './client-file.ts';

/** Milliseconds after which nobody is still writing. */
export const abandonedAfter = 60_000;

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

/** IBM's hosts that somebody gave to another helper: on purpose, or by a name that is not one. */
export function otherHelperFindings(
  { context }: Examined,
  client: string,
  read: CredHelpersFile,
): Finding[] {
  const groups = Map.groupBy(givenToOthers(read), (host) => entryOf(read, host)?.value.value);
  return [...groups].map(([value, hosts]) => {
    const fix = `${configureCommand(client, hosts.map(typed))} --force`;
    const where = `${hosts.map(shown).join(', ')} in ${read.file}`;
    if (typeof value !== 'string' || value === '') return warn(`no helper for ${where}`, fix);
    const isThere = isOnPath(context, `docker-credential-${value}`);
    const what = `helper "${shown(value)}" for ${where}`;
    return isThere ? warn(`another ${what}`, fix) : fail(`${what}, and it is not on PATH`, fix);
  });
}

/** What the client itself could not write any more. */
export function ownerFindings(
  { context: { env }, machine: { uid } }: Examined,
  file: string,
): Finding[] {
  // Root can write it, and a home of somebody else has a line of its own.
  if (uid === undefined || uid === 0) return [];
  // Elsewhere than in the home, the folder may be everybody's.
  const isInHome = env.HOME !== undefined && file.startsWith(path.join(env.HOME, '/'));
  const places = isInHome ? [path.dirname(file), file] : [file];
  const foreign = places.filter((place) => (ownerOf(place) ?? uid) !== uid);
  const [first] = foreign;
  if (first === undefined) return [];
  const what = `${first} belongs to user ${ownerOf(first)}, not to you (${uid})`;
  return [fail(what, `sudo chown ${uid} ${foreign.map(typed).join(' ')}`)];
}

function ownerOf(place: string): number | undefined {
  return fs.statSync(place, { throwIfNoEntry: false })?.uid;
}

/** What a `configure` that was killed left beside the file. */
export function asideFindings({ context }: Examined, file: string): Finding[] {
  const aside = `${realName(file)}.icr-new`;
  const stat = fs.lstatSync(aside, { throwIfNoEntry: false });
  if (stat === undefined || stat.mtimeMs > context.now() - abandonedAfter) return [];
  return [warn(`left by a configure that was killed: ${aside}`, `rm ${typed(aside)}`)];
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
