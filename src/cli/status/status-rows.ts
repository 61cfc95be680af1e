import { isUsable } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { nodeFiles } from '../../files/file-readers.ts';
import { validTime } from '../../identity/expiry.ts';
import { listFallback } from '../../identity/fallback-helper.ts';
import { answeredHosts, type HostAnswer } from '../../identity/hosts.ts';
import type { Found } from '../../identity/lookup.ts';
import { signedOutHosts } from '../../identity/signed-out.ts';
import { own } from '../../json-object.ts';
import { isIbmHost } from '../../registry/match.ts';
import { shownName } from '../../visible.ts';
import { endOf } from '../expiry-notice.ts';
import { settingsOf } from './status-data.ts';

/** A line of `status`, and an element of `hosts` in its JSON. Times are in ISO 8601. */
export interface Row {
  readonly host: string;
  readonly state: 'answered' | 'failing' | 'signed-out';
  readonly identity?: string;
  /** The user name that clients get. */
  readonly presentedAs?: string;
  /** The location of the secret. */
  readonly storedIn?: string;
  /** The former name of `storedIn`, for programs that read it. */
  readonly keptIn?: string;
  /** When the credential expires, if known. */
  readonly endsAt?: string;
  /** If clients get an access token of an identity. */
  readonly token?: TokenState;
  /** The error of the lookup. */
  readonly problem?: string;
  /** The hint of that error. */
  readonly hint?: string;
}

interface TokenState {
  /** When the cached access token expires; absent if none is cached. */
  readonly endsAt?: string;
  readonly minLifetimeMs?: number;
}

/** Returns the hosts that have a credential, an error, or are signed out. If `named` is not empty, only these. */
export async function rowsOf(context: Context, named: readonly string[]): Promise<Row[]> {
  const only = named.length > 0 ? { names: named } : {};
  const readable = { ...warningOnce(context), files: nodeFiles };
  const answers = await answeredHosts(readable, { namespaces: true, ...only });
  const found = await Promise.all(rowsIn(context, answers));
  const rows = found.map((row) => withSessionEnd(context, row));
  const answered = new Set(rows.map(({ host }) => host));
  const signedOut = [...signedOutHosts(context)]
    .filter((host) => !answered.has(host) && (named.length === 0 || named.includes(host)))
    .map((host): Row => ({ host, state: 'signed-out' }));
  return [...rows, ...signedOut].sort((a, b) => a.host.localeCompare(b.host));
}

/** Adds when the session of a refresh token ends, which `get` does not need to know. */
function withSessionEnd(context: Context, row: Row): Row {
  const { identities } = settingsOf(context);
  const identity = row.identity === undefined ? undefined : own(identities, row.identity);
  if (row.identity === undefined || identity === undefined || !isUsable(identity)) return row;
  const endsAt = isoOf(endOf(context, row.identity, identity));
  return endsAt === undefined ? row : { ...row, endsAt };
}

/** One cached token or keychain is used for many hosts. */
function warningOnce(context: Context): Context {
  const warned = new Set<string>();
  const warn: Context['warn'] = (line, hint) => {
    if (!warned.has(line)) context.warn(line, hint);
    warned.add(line);
  };
  return { ...context, warn };
}

/** For other registries, the fallback helper has precedence over credentials that are stored here. */
function rowsIn(context: Context, answers: readonly HostAnswer[]): (Row | Promise<Row>)[] {
  if (answers.every(({ host }) => isIbmHost(host))) return answers.map(rowOf);
  // Without warnings: an error in the settings is reported for each host.
  const { name, answerFor } = listFallback({ ...context, warn: () => {} });
  return answers.map((answer) => {
    const found = answerFor(answer);
    if (typeof found !== 'string') return rowOf(found ? { ...answer, found } : answer);
    const places = name === undefined ? {} : placesOf(name);
    return {
      host: answer.serverURL,
      state: 'answered',
      presentedAs: shownName(found),
      ...places,
    };
  });
}

async function rowOf({ serverURL: host, found }: HostAnswer): Promise<Row> {
  if (found instanceof HelperError) {
    const { message: problem, hint } = found;
    return { host, state: 'failing', problem, ...(hint === undefined ? {} : { hint }) };
  }
  const { username: presentedAs, identity, location, expiresAt, minted } = found;
  const endsAt = isoOf(expiresAt);
  return {
    host,
    state: 'answered',
    ...(identity === undefined ? {} : { identity }),
    presentedAs: shownName(presentedAs),
    ...placesOf(location),
    ...(endsAt === undefined ? {} : { endsAt }),
    ...(minted === undefined ? {} : { token: await tokenState(minted) }),
  };
}

function placesOf(location: string): Pick<Row, 'storedIn' | 'keptIn'> {
  return { storedIn: location, keptIn: location };
}

async function tokenState({
  cachedUntil,
  minLifetimeMs,
}: NonNullable<Found['minted']>): Promise<TokenState> {
  const endsAt = isoOf(await cachedUntil());
  return {
    ...(endsAt === undefined ? {} : { endsAt }),
    ...(minLifetimeMs === undefined ? {} : { minLifetimeMs }),
  };
}

/** Returns a time in ISO 8601; undefined, which JSON omits, if it is missing or not a valid date. */
export function isoOf(timeMs: number | undefined): string | undefined {
  const time = validTime(timeMs);
  return time === undefined ? undefined : new Date(time).toISOString();
}
