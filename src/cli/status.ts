import { linkName } from '../clients/helper-link.ts';
import { shellQuoted } from '../clients/notes.ts';
import {
  type IdentitySettings,
  isUsable,
  type Settings,
  type Unusable,
} from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { validTime } from '../identity/expiry.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { type ExpiryNotice, expiryNotices } from './expiry-notice.ts';
import { mappingKey, notStored, requireHost } from './host-arguments.ts';
import { type NamedHelper, namedHelpers } from './named-helper.ts';
import { duration, printLine, table } from './output.ts';
import { type PendingRow, pendingLines, pendingRows } from './pending-keys.ts';
import { type Row, rowsOf, settingsOf } from './status-rows.ts';

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
  const warnings = expiryNotices(context, settings, hosts);
  const sources = { ibmcloudSession, computeProfile };
  const all = { hosts, identities, helpers, pendingKeys, warnings, sources };
  context.stdout(`${JSON.stringify(all, null, 2)}\n`);
}

/** Converts the times to ISO 8601. */
function withTimes(identity: IdentitySettings | Unusable): object {
  if (!isUsable(identity)) return { kind: 'unusable' };
  const { secretSetAt, expiresAt, ...rest } = identity;
  return { ...rest, secretSetAt: isoOf(secretSetAt), expiresAt: isoOf(expiresAt) };
}

/** Returns undefined, which JSON omits, if the time is missing or not a valid date. */
function isoOf(timeMs: number | undefined): string | undefined {
  const time = validTime(timeMs);
  return time === undefined ? undefined : new Date(time).toISOString();
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
  const isShown = ({ identity }: ExpiryNotice) =>
    !areHostsNamed || rows.some((row) => row.identity === identity);
  for (const { message, hint } of expiryNotices(context, settings, rows).filter(isShown))
    context.warn(message, hint);
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

const head = ['HOST', 'STATE', 'IDENTITY', 'USER NAME', 'STORED IN', 'EXPIRES IN'];
const shownStates = { answered: 'ok', failing: 'error', 'signed-out': 'signed out' } as const;

function cellsIn(context: Context) {
  return (row: Row): string[] => {
    const { host, state, identity = '-', presentedAs = '-', keptIn = '-', endsAt } = row;
    const remaining = endsAt === undefined ? '-' : duration(Date.parse(endsAt) - context.now());
    return [host, shownStates[state], identity, presentedAs, keptIn, remaining];
  };
}
