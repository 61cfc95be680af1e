import path from 'node:path';
import {
  type CredHelpersFile,
  callsHelper,
  entryOf,
  ibmHostOf,
  readCredHelpers,
} from '../../clients/cred-helpers.ts';
import { printable, secretKeys } from '../../clients/notes.ts';
import { rejectedMembers } from '../../clients/rejected-members.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { hasProgram } from '../../files/executables.ts';
import { realPath, statOf } from '../../files/file-facts.ts';
import { attempt } from '../../files/storage-error.ts';
import { isText } from '../../json-object.ts';
import { isIbmHost } from '../../registry/match.ts';
import { publicHosts } from '../../registry/regions.ts';
import { findHelper } from '../../secrets/helper-program.ts';
import { shellQuoted } from '../../visible.ts';
import {
  type CheckInput,
  type Finding,
  type Findings,
  failure,
  problem,
  warning,
} from './check.ts';
import { pathProblem } from './path-problem.ts';

/** A temporary file that is older was left behind by a killed process. */
export const abandonedAfterMs = 60_000;

export function readClientFile(file: string): Promise<CredHelpersFile | HelperError> {
  return attempt(() => readCredHelpers(file));
}

/** Returns the file, or the finding about one that cannot be read. */
export async function examineClientFile(
  input: CheckInput,
  file: string,
): Promise<CredHelpersFile | Finding> {
  const found = pathProblem(input, file, 'file');
  if (found !== undefined) return found;
  const read = await readClientFile(file);
  return read instanceof HelperError ? failure(read) : read;
}

export function isFinding(read: CredHelpersFile | Finding): read is Finding {
  return 'state' in read;
}

export function configureHint(client: string, hosts: readonly string[] = []): string {
  const which = client === 'docker' ? [] : ['--client', client];
  const each = hosts.flatMap((host) => ['--host', shellQuoted(host)]);
  return ['run docker-credential-icr configure', ...which, ...each].join(' ');
}

type ClientName = 'docker' | 'podman';

/** IBM's hosts that the file gives to this helper. */
export function registeredHosts(client: ClientName, read: CredHelpersFile): string[] {
  return ibmHosts(read).filter((key) => callsHelper(client, read, key));
}

function ibmHosts({ entries }: CredHelpersFile): string[] {
  return [...new Set(entries.map(({ key }) => key))].filter((key) => ibmHostOf(key) !== undefined);
}

/**
 * Returns the findings about rejected members, passwords, other helpers, owners and temporary files. `logout` returns the client's command
 * that removes an entry of `auths`, or undefined if the client cannot remove it.
 */
export function fileFindings(
  input: CheckInput,
  client: ClientName,
  read: CredHelpersFile,
  logout: (key: string) => string | undefined,
): Findings {
  return [
    rejected(input, client, read),
    plainPasswords(input, read, client, logout),
    otherHelpers(input, client, read),
    filesOfOtherUsers(input, read.file),
    temporaryFiles(input, read.file),
  ];
}

/** An error only if a program on `PATH` fails; docker prints a warning and works for ICR hosts. */
function rejected({ context }: CheckInput, client: ClientName, read: CredHelpersFile): Findings {
  return rejectedMembers(read, client === 'podman' ? 'auth.json' : 'config.json').map(
    ({ message, hint, warned, failed }) => {
      if (hasProgram(context, ...failed)) return problem(message, hint);
      const isOld = failed.includes('docker-compose 1') && hasProgram(context, 'docker-compose');
      const isRelevant = isOld || warned.length > 0 || client === 'podman';
      return isRelevant ? warning(message, hint) : undefined;
    },
  );
}

function plainPasswords(
  { context, snapshot }: CheckInput,
  { file, ...read }: CredHelpersFile,
  client: string,
  logout: (key: string) => string | undefined,
): Findings {
  return secretKeys({ file, ...read }).map((key) => {
    const host = ibmHostOf(key) ?? '';
    const found = snapshot.answers.find(({ serverURL }) => serverURL === host)?.found;
    const identity = found instanceof HelperError ? undefined : found?.identity;
    // The client's logout calls `erase` of this helper, so the host must be mapped again.
    const use = identity === undefined ? `login ${host}` : `map ${host} ${shellQuoted(identity)}`;
    const again = `docker-credential-icr ${use}`;
    const command = hasProgram(context, client) ? logout(key) : undefined;
    const byHand = `${removeEntry(file, key)}, then run ${again}`;
    return plainPassword(file, key, command === undefined ? byHand : `run ${command} && ${again}`);
  });
}

export function plainPassword(file: string, key: string, hint = removeEntry(file, key)): Finding {
  return problem(`${file} has a password for ${printable(key)} in plain text`, hint);
}

function removeEntry(file: string, key: string): string {
  return `remove the entry ${printable(key)} of "auths" from ${file}`;
}

function otherHelpers(
  { context }: CheckInput,
  client: ClientName,
  read: CredHelpersFile,
): Findings {
  const others = ibmHosts(read).filter((key) => !callsHelper(client, read, key));
  const groups = Map.groupBy(others, (host) => entryOf(read, host)?.value.value);
  return [...groups].map(([value, hosts]) => {
    const hint = `${configureHint(client, hosts)} --force`;
    const where = `${hosts.map(printable).join(', ')} in ${read.file}`;
    return isText(value)
      ? otherHelper(context, value, where, hint)
      : warning(`no helper for ${where}`, hint);
  });
}

export function otherHelper(context: Context, name: string, where: string, hint: string): Finding {
  const what = `helper "${printable(name)}" for ${where}`;
  return findHelper(context, name) === undefined
    ? problem(`${what}, and it is not on PATH`, hint)
    : warning(`another ${what}`, hint);
}

/** The client cannot write these files, unless it runs as root. */
function filesOfOtherUsers({ context: { env }, machine: { uid } }: CheckInput, file: string) {
  if (uid === undefined || uid === 0) return undefined;
  const isInHome = env.HOME !== undefined && file.startsWith(path.join(env.HOME, '/'));
  const files = isInHome ? [path.dirname(file), file] : [file];
  const others = files.filter((each) => (statOf(each)?.uid ?? uid) !== uid);
  const [first] = others;
  if (first === undefined) return undefined;
  const what = `user ${statOf(first)?.uid} owns ${first}, not you (${uid})`;
  return problem(what, `run sudo chown ${uid} ${others.map(shellQuoted).join(' ')}`);
}

/** Finds the temporary file of a killed `configure`. */
function temporaryFiles({ context }: CheckInput, file: string): Finding | undefined {
  const temporary = `${realPath(file) ?? file}.icr-new`;
  const stat = statOf(temporary);
  if (stat === undefined || stat.mtimeMs > context.now() - abandonedAfterMs) return undefined;
  const what = `${temporary} was left behind by a killed configure`;
  return warning(what, `run rm ${shellQuoted(temporary)}`);
}

/** Finds hosts that have a credential, but for which the client does not call this helper. */
export function unregisteredHosts(
  { snapshot }: CheckInput,
  client: string,
  isRegistered: (host: string) => boolean,
): Finding | undefined {
  const left = snapshot.answers.filter(({ host }) => isIbmHost(host) && !isRegistered(host.name));
  const all = [...new Set(left.map(({ host }) => host.name))];
  if (all.length === 0) return undefined;
  // An error only for hosts with their own login or mapping; the others are covered by the mapping of `*`.
  const isExplicit = left.some(
    ({ serverURL, found }) =>
      Object.hasOwn(snapshot.settings.mappings, serverURL) ||
      (!(found instanceof HelperError) && found.isDockerLogin === true),
  );
  const isDefault = all.every((host) => publicHosts.includes(host));
  const hint = configureHint(client, isDefault ? [] : all);
  const what = `logged in, but clients do not call this helper: ${all.join(', ')}`;
  return isExplicit ? problem(what, hint) : warning(what, hint);
}

/** Returns a suffix for the line of a client's file that names the hosts without a credential. */
export function withoutCredential({ snapshot }: CheckInput, hosts: readonly string[]): string {
  const answered = new Set(snapshot.answers.map(({ host }) => host.name));
  // A port is part of the key, as for nerdctl, not of the host.
  const missing = hosts.filter((host) => !answered.has(host.replace(/:443$/, '')));
  if (missing.length === 0 || answered.size === 0) return '';
  return `; not logged in to ${missing.length > 3 ? `${missing.length} of them` : missing.join(', ')}`;
}
