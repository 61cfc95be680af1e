import fs from 'node:fs';
import path from 'node:path';
import { ibmHostOf } from '../../clients/auth-host.ts';
import { helperName } from '../../clients/client.ts';
import {
  authsOf,
  type CredHelpersFile,
  entryOf,
  readCredHelpers,
  textSetting,
} from '../../clients/cred-helpers.ts';
import { holdsSecret, shown, typed } from '../../clients/notes.ts';
import { reads } from '../../clients/readers.ts';
import { HelperError } from '../../errors.ts';
import { findProgram } from '../../files/executables.ts';
import { isIbmHost } from '../../registry/match.ts';
import { publicHosts } from '../../registry/regions.ts';
import { findHelper } from '../../secrets/helper-program.ts';
import { attempt } from './attempt.ts';
import { type Examined, type Finding, problem, warning } from './check.ts';
import { statOf } from './machine.ts';

/** A temporary file that is older was left by a killed process. */
export const abandonedAfterMs = 60_000;

export function readClientFile(file: string): Promise<CredHelpersFile | HelperError> {
  return attempt(() => readCredHelpers(file));
}

export function configureHint(client: string, hosts: readonly string[] = []): string {
  const which = client === 'docker' ? [] : ['--client', client];
  const each = hosts.flatMap((host) => ['--host', typed(host)]);
  return ['run docker-credential-icr configure', ...which, ...each].join(' ');
}

type ClientName = 'docker' | 'podman';

/** Whether the client asks this helper for the host, because of this file. */
export function asksUs(client: ClientName, read: CredHelpersFile, host: string): boolean {
  const entry = entryOf(read, host);
  return (entry?.value.value ?? storeFor(client, read)) === helperName;
}

export function namesUs(client: ClientName, read: CredHelpersFile): boolean {
  return (
    storeFor(client, read) === helperName ||
    read.entries.some(({ key }) => asksUs(client, read, key))
  );
}

function storeFor(client: ClientName, read: CredHelpersFile): string | undefined {
  return reads(client, 'credsStore') ? textSetting(read, 'credsStore') : undefined;
}

/** IBM's hosts that the file gives to this helper. */
export function givenToUs(client: ClientName, read: CredHelpersFile): string[] {
  return ibmHosts(read).filter((key) => asksUs(client, read, key));
}

function ibmHosts({ entries }: CredHelpersFile): string[] {
  return [...new Set(entries.map(({ key }) => key))].filter((key) => ibmHostOf(key) !== undefined);
}

/** Everything in and around a client's file that is not about which hosts name this helper. */
export function fileFindings(
  examined: Examined,
  client: ClientName,
  read: CredHelpersFile,
  /** The client's command that removes an entry; undefined if it cannot. */
  logout: (key: string) => string | undefined,
): Finding[] {
  return [
    ...plainPasswords(examined, read, client, logout),
    ...otherHelpers(examined, client, read),
    ...foreignFiles(examined, read.file),
    ...temporaryFiles(examined, read.file),
  ];
}

function plainPasswords(
  { context, look }: Examined,
  read: CredHelpersFile,
  client: string,
  logout: (key: string) => string | undefined,
): Finding[] {
  const keys = new Set(
    authsOf(read)
      .filter(holdsSecret)
      .map(({ key }) => key),
  );
  return [...keys].flatMap((key) => {
    const host = ibmHostOf(key);
    if (host === undefined) return [];
    const found = look.answers.find(({ serverURL }) => serverURL === host)?.found;
    const identity = found instanceof HelperError ? undefined : found?.identity;
    // The client's logout also tells this helper, so the host must be mapped again.
    const again =
      identity === undefined
        ? `docker-credential-icr login ${host}`
        : `docker-credential-icr map ${host} ${typed(identity)}`;
    const command = findProgram(context, client) === undefined ? undefined : logout(key);
    const entry = `remove the entry ${shown(key)} of "auths" from ${read.file}`;
    const hint =
      command === undefined ? `${entry}, then run ${again}` : `run ${command} && ${again}`;
    return [problem(`${read.file} has a password for ${shown(key)} in plain text`, hint)];
  });
}

function otherHelpers({ context }: Examined, client: ClientName, read: CredHelpersFile): Finding[] {
  const others = ibmHosts(read).filter((key) => !asksUs(client, read, key));
  const groups = Map.groupBy(others, (host) => entryOf(read, host)?.value.value);
  return [...groups].map(([value, hosts]) => {
    const hint = `${configureHint(client, hosts)} --force`;
    const where = `${hosts.map(shown).join(', ')} in ${read.file}`;
    if (typeof value !== 'string' || value === '') return warning(`no helper for ${where}`, hint);
    const what = `helper "${shown(value)}" for ${where}`;
    return findHelper(context, value) === undefined
      ? problem(`${what}, and it is not on PATH`, hint)
      : warning(`another ${what}`, hint);
  });
}

/** Files that the client cannot write, because another user owns them. Root can. */
function foreignFiles({ context: { env }, machine: { uid } }: Examined, file: string): Finding[] {
  if (uid === undefined || uid === 0) return [];
  const isInHome = env.HOME !== undefined && file.startsWith(path.join(env.HOME, '/'));
  const files = isInHome ? [path.dirname(file), file] : [file];
  const foreign = files.filter((each) => (statOf(each)?.uid ?? uid) !== uid);
  const [first] = foreign;
  if (first === undefined) return [];
  const what = `user ${statOf(first)?.uid} owns ${first}, not you (${uid})`;
  return [problem(what, `run sudo chown ${uid} ${foreign.map(typed).join(' ')}`)];
}

/** What a killed `configure` left beside the file. */
function temporaryFiles({ context }: Examined, file: string): Finding[] {
  const temporary = `${fs.existsSync(file) ? fs.realpathSync(file) : file}.icr-new`;
  const stat = statOf(temporary);
  if (stat === undefined || stat.mtimeMs > context.now() - abandonedAfterMs) return [];
  return [warning(`${temporary} was left by a killed configure`, `run rm ${typed(temporary)}`)];
}

/** Hosts with a credential here, for which the client does not ask this helper. */
export function leftOutFindings(
  { look }: Examined,
  client: string,
  isAsked: (host: string) => boolean,
): Finding[] {
  const left = look.answers.filter(({ host }) => isIbmHost(host) && !isAsked(host.name));
  const all = [...new Set(left.map(({ host }) => host.name))];
  if (all.length === 0) return [];
  // A host that was logged in to or mapped by name is meant to work; the others follow from `*`.
  const isOwn = left.some(
    ({ serverURL, found }) =>
      Object.hasOwn(look.settings.mappings, serverURL) ||
      (!(found instanceof HelperError) && found.keptIn.includes('docker login')),
  );
  const isUsual = all.every((host) => publicHosts.includes(host));
  const hint = configureHint(client, isUsual ? [] : all);
  const what = `logged in, but clients do not ask this helper: ${all.join(', ')}`;
  return [isOwn ? problem(what, hint) : warning(what, hint)];
}

/** A remark about hosts without a credential, in the line of a file that names them. */
export function withoutCredential({ look }: Examined, hosts: readonly string[]): string {
  const answered = new Set(look.answers.map(({ host }) => host.name));
  const none = hosts.filter((host) => !answered.has(host));
  if (none.length === 0 || answered.size === 0) return '';
  return `; not logged in to ${none.length > 3 ? `${none.length} of them` : none.join(', ')}`;
}
