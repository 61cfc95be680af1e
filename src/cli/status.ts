import { typed } from '../clients/notes.ts';
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
import { answeredHosts, type HostAnswer } from '../identity/hosts.ts';
import { listOthers } from '../identity/others.ts';
import { signedOutHosts } from '../identity/signed-out.ts';
import { isIbmHost } from '../registry/match.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { duration, table } from './table.ts';

/** A line of `status`, and an element of `hosts` in its JSON. */
interface Row {
  readonly host: string;
  readonly state: 'answered' | 'failing' | 'signed-out';
  readonly identity?: string;
  /** The user name that clients are given. */
  readonly presentedAs?: string;
  readonly keptIn?: string;
  /** ISO 8601, where it is known. */
  readonly endsAt?: string;
  /** Why the lookup fails. */
  readonly problem?: string;
  /** What to type. */
  readonly hint?: string;
}

export const status: Command<{ readonly json?: boolean }> = {
  options: { json: { type: 'boolean', describe: 'as JSON' } },
  examples: [['status', 'a line a host']],
  run: async (context, { json }) => {
    const rows = await rowsOf(context);
    if (json) showJson(context, rows);
    else showTable(context, rows);
    return rows.some(({ state }) => state === 'failing') ? 1 : 0;
  },
};

function showJson(context: Context, hosts: readonly Row[]): void {
  const { ibmcloudSession = false, computeProfile = false, ...settings } = settingsOf(context);
  const identities = Object.fromEntries(
    Object.entries(settings.identities).map(([name, identity]) => [name, withTimes(identity)]),
  );
  const all = { hosts, identities, sources: { ibmcloudSession, computeProfile } };
  context.stdout(`${JSON.stringify(all, null, 2)}\n`);
}

/** ISO 8601, as in every other JSON that is printed. */
function withTimes(identity: IdentitySettings | Unusable): object {
  if (!isUsable(identity)) return { kind: 'unusable' };
  const { secretSetAt, expiresAt, ...rest } = identity;
  return { ...rest, secretSetAt: isoOf(secretSetAt), expiresAt: isoOf(expiresAt) };
}

/** `undefined`, which JSON leaves out, also for what is beyond any date. */
function isoOf(time = Number.NaN): string | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function showTable(context: Context, rows: readonly Row[]): void {
  const { stdout } = context;
  const { ibmcloudSession, computeProfile, ...settings } = settingsOf(context);
  const idle = identitiesWithoutHost(settings);
  if (rows.length > 0) stdout(table(head, rows.map(cellsIn(context))));
  else
    stdout(
      `no host has a credential; run docker-credential-icr ${idle[0] ? `map "*" ${typed(idle[0])}` : 'login'}\n`,
    );
  if (idle.length > 0) stdout(`identities without a host: ${visible(idle.join(', '))}\n`);
  if (ibmcloudSession) stdout('other hosts: the session of the ibmcloud CLI\n');
  if (computeProfile) stdout(`other hosts: trusted profile ${visible(computeProfile)}\n`);
  // A problem with the settings concerns every host, and is reported once.
  const problems = new Map(rows.map(({ problem = '', hint }) => [problem, hint]));
  problems.delete('');
  for (const [problem, hint] of problems) context.warn(problem, hint);
}

function identitiesWithoutHost({ identities, mappings }: Settings): string[] {
  const mapped = new Set(Object.values(mappings).map(({ identity }) => identity));
  return Object.keys(identities).filter((name) => !mapped.has(name));
}

/** Damaged settings are already reported as the problem of a host. */
function settingsOf(context: Context): Settings {
  try {
    return readSettings(context);
  } catch (error) {
    if (error instanceof HelperError) return noSettings;
    throw error;
  }
}

async function rowsOf(context: Context): Promise<Row[]> {
  const answers = await answeredHosts(context, { namespaces: true });
  const rows = rowsIn(context, answers);
  const answered = new Set(rows.map(({ host }) => host));
  const signedOut = [...signedOutHosts(context)]
    .filter((host) => !answered.has(host))
    .map((host): Row => ({ host, state: 'signed-out' }));
  return [...rows, ...signedOut].sort((a, b) => a.host.localeCompare(b.host));
}

/** The helper that is asked about other registries goes before what is kept here for them. */
function rowsIn(context: Context, answers: readonly HostAnswer[]): Row[] {
  if (answers.every(({ host }) => isIbmHost(host))) return answers.map(rowOf);
  // What is wrong with the settings is said of the hosts.
  const { name, answerFor } = listOthers({ ...context, warn: () => {} });
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
  const { username: presentedAs, identity, keptIn, endsAt } = found;
  return {
    host,
    state: 'answered',
    ...(identity === undefined ? {} : { identity }),
    presentedAs,
    keptIn,
    ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
  };
}

const head = ['HOST', 'IDENTITY', 'PRESENTED AS', 'KEPT IN', 'ENDS IN'];

function cellsIn(context: Context) {
  return ({ host, state, identity = '-', presentedAs = '-', keptIn, endsAt }: Row): string[] => {
    const left = endsAt === undefined ? '-' : duration(Date.parse(endsAt) - context.now());
    return [host, identity, presentedAs, keptIn ?? state, left];
  };
}
