import { linkName } from '../clients/helper-link.ts';
import { shellQuoted } from '../clients/notes.ts';
import { readSettings } from '../config/read-settings.ts';
import {
  type IdentitySettings,
  isUsable,
  noSettings,
  type Settings,
  type Unusable,
} from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { listFallback } from '../identity/fallback-helper.ts';
import { answeredHosts, type HostAnswer } from '../identity/hosts.ts';
import { signedOutHosts } from '../identity/signed-out.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, notStored, requireHost } from './host-arguments.ts';
import { type NamedHelper, namedHelpers } from './named-helper.ts';
import { duration, printLine, table } from './output.ts';
import { type PendingRow, pendingLines, pendingRows } from './pending-keys.ts';

/** A line of `status`, and an element of `hosts` in its JSON. */
interface Row {
  readonly host: string;
  readonly state: 'answered' | 'failing' | 'signed-out';
  readonly identity?: string;
  /** The user name that clients get. */
  readonly presentedAs?: string;
  /** The location of the secret. */
  readonly keptIn?: string;
  /** When the credential expires (ISO 8601), if known. */
  readonly endsAt?: string;
  /** The error of the lookup. */
  readonly problem?: string;
  /** The hint of that error. */
  readonly hint?: string;
}

interface StatusArgs {
  readonly hosts?: readonly string[];
  readonly json?: boolean;
}

export const status: Command<StatusArgs> = {
  options: { json: { type: 'boolean', describe: 'print JSON' } },
  examples: [
    ['status', 'one line for each host'],
    ['status us.icr.io', 'for one host'],
  ],
  run: async (context, { hosts = [], json }) => {
    const named = hosts.map((host) => keyOf(requireHost(host)));
    const rows = await rowsOf(context, named);
    if (json) showJson(context, rows);
    else showTable(context, rows, named.length > 0);
    const shown = new Set(rows.map(({ host }) => keyIn(host)));
    const unknown = named.filter((name) => !shown.has(name));
    for (const name of unknown) reportUnknown(context, requireHost(name));
    return unknown.length > 0 || rows.some(({ state }) => state === 'failing') ? 1 : 0;
  },
};

function keyOf(host: RegistryHost): string {
  return isIbmHost(host) ? mappingKey(host) : hostKey(host);
}

/** Like `keyOf`, for a stored host, which may have another spelling than the typed one. */
function keyIn(text: string): string {
  const host = parseServerURL(text);
  return 'problem' in host ? text : keyOf(host);
}

/** Throws `invalid-input` if it is not an ICR host. */
function reportUnknown(context: Context, host: RegistryHost): void {
  if (!isIbmHost(host)) throw notStored(host);
  const name = mappingKey(host);
  context.warn(`${name}: not logged in`, `run docker-credential-icr login ${name}`);
}

function showJson(context: Context, hosts: readonly Row[]): void {
  const { ibmcloudSession = false, computeProfile = false, ...settings } = settingsOf(context);
  const identities = Object.fromEntries(
    Object.entries(settings.identities).map(([name, identity]) => [name, withTimes(identity)]),
  );
  const pending = tryPendingRows(context, settings);
  const pendingKeys = pending instanceof HelperError ? undefined : pending;
  const helpers = namedHelpers(context).map(({ identity, file, uses }) => ({
    name: linkName(identity),
    identity,
    file,
    uses,
  }));
  const sources = { ibmcloudSession, computeProfile };
  const all = { hosts, identities, helpers, pendingKeys, sources };
  context.stdout(`${JSON.stringify(all, null, 2)}\n`);
}

/** Converts the times to ISO 8601. */
function withTimes(identity: IdentitySettings | Unusable): object {
  if (!isUsable(identity)) return { kind: 'unusable' };
  const { secretSetAt, expiresAt, ...rest } = identity;
  return { ...rest, secretSetAt: isoOf(secretSetAt), expiresAt: isoOf(expiresAt) };
}

/** Returns undefined, which JSON omits, if the time is missing or not a valid date. */
function isoOf(timeMs = Number.NaN): string | undefined {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function showTable(context: Context, rows: readonly Row[], areHostsNamed: boolean): void {
  const { stdout } = context;
  const { ibmcloudSession, computeProfile, ...settings } = settingsOf(context);
  const unused = areHostsNamed ? [] : identitiesWithoutHost(context, settings);
  if (rows.length > 0) stdout(table(context, head, rows.map(cellsIn(context))));
  else if (!areHostsNamed) {
    const command = unused[0] === undefined ? 'login' : `map "*" ${shellQuoted(unused[0])}`;
    printLine(context, `no host has a credential; run docker-credential-icr ${command}`);
  }
  if (unused.length > 0)
    printLine(context, `identities without a host: ${visible(unused.join(', '))}`);
  if (ibmcloudSession && !areHostsNamed)
    printLine(context, 'other hosts: the session of the ibmcloud CLI');
  if (computeProfile && !areHostsNamed)
    printLine(context, `other hosts: trusted profile ${visible(computeProfile)}`);
  if (!areHostsNamed)
    for (const helper of namedHelpers(context)) printLine(context, helperLine(helper));
  // A problem with the settings concerns every host, and is reported once.
  const problems = new Map(rows.map(({ problem = '', hint }) => [problem, hint]));
  const pending = areHostsNamed ? [] : tryPendingRows(context, settings);
  if (pending instanceof HelperError) problems.set(pending.message, pending.hint);
  else for (const line of pending.flatMap(pendingLines)) printLine(context, line);
  problems.delete('');
  for (const [problem, hint] of problems) context.warn(problem, hint);
}

/** Returns the line for `docker-credential-icr-NAME`: its identity, and where clients use it. */
function helperLine({ identity, file, uses }: NamedHelper): string {
  const where = uses.map(({ file: named, hosts }) => `${hosts.join(', ')} in ${named}`);
  const used = where.length === 0 ? 'not registered in a client' : `used for ${where.join('; ')}`;
  const missing = file === undefined ? '; not on PATH' : '';
  return visible(`${linkName(identity)}: identity ${identity}, ${used}${missing}`);
}

/** Returns the error if the store or the settings cannot be read. */
function tryPendingRows(context: Context, settings: Settings): PendingRow[] | HelperError {
  try {
    return pendingRows(context, settings);
  } catch (error) {
    if (error instanceof HelperError) return error;
    throw error;
  }
}

function identitiesWithoutHost(context: Context, { identities, mappings }: Settings): string[] {
  const mapped = new Set(Object.values(mappings).map(({ identity }) => identity));
  for (const { identity, uses } of namedHelpers(context)) if (uses.length > 0) mapped.add(identity);
  return Object.keys(identities).filter((name) => !mapped.has(name));
}

/** Returns no settings if they cannot be read: the error is already reported for each host. */
function settingsOf(context: Context): Settings {
  try {
    return readSettings(context);
  } catch (error) {
    if (error instanceof HelperError) return noSettings;
    throw error;
  }
}

/** Returns the hosts that have a credential, an error, or are signed out. If `named` is not empty, only these. */
async function rowsOf(context: Context, named: readonly string[]): Promise<Row[]> {
  const only = named.length > 0 ? { names: named } : {};
  const answers = await answeredHosts(context, { namespaces: true, ...only });
  const rows = rowsIn(context, answers);
  const answered = new Set(rows.map(({ host }) => host));
  const signedOut = [...signedOutHosts(context)]
    .filter((host) => !answered.has(host) && (named.length === 0 || named.includes(host)))
    .map((host): Row => ({ host, state: 'signed-out' }));
  return [...rows, ...signedOut].sort((a, b) => a.host.localeCompare(b.host));
}

/** For other registries, the fallback helper has precedence over credentials that are stored here. */
function rowsIn(context: Context, answers: readonly HostAnswer[]): Row[] {
  if (answers.every(({ host }) => isIbmHost(host))) return answers.map(rowOf);
  // Without warnings: an error in the settings is reported for each host.
  const { name, answerFor } = listFallback({ ...context, warn: () => {} });
  return answers.map((answer) => {
    const found = answerFor(answer);
    if (typeof found !== 'string') return rowOf(found ? { ...answer, found } : answer);
    const keptIn = name === undefined ? {} : { keptIn: name };
    return { host: answer.serverURL, state: 'answered', presentedAs: found, ...keptIn };
  });
}

function rowOf({ serverURL: host, found }: HostAnswer): Row {
  if (found instanceof HelperError) {
    const { message: problem, hint } = found;
    return { host, state: 'failing', problem, ...(hint === undefined ? {} : { hint }) };
  }
  const { username: presentedAs, identity, location: keptIn, expiresAt: endsAt } = found;
  return {
    host,
    state: 'answered',
    ...(identity === undefined ? {} : { identity }),
    presentedAs,
    keptIn,
    ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
  };
}

const head = ['HOST', 'STATE', 'IDENTITY', 'USER NAME', 'STORED IN', 'EXPIRES IN'];
const shownStates = { answered: 'ok', failing: 'error', 'signed-out': 'signed out' } as const;

function cellsIn(context: Context) {
  return (row: Row): string[] => {
    const { host, state, identity = '-', presentedAs = '-', keptIn = '-', endsAt } = row;
    const remaining = endsAt === undefined ? '-' : duration(Date.parse(endsAt) - context.now());
    return [host, shownStates[state], identity, presentedAs, keptIn, remaining];
  };
}
