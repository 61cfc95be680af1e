import { readSettings } from '../config/read-settings.ts';
import { isUsable, noSettings, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { validTime } from '../identity/expiry.ts';
import { listFallback } from '../identity/fallback-helper.ts';
import { answeredHosts, type HostAnswer } from '../identity/hosts.ts';
import { signedOutHosts } from '../identity/signed-out.ts';
import { isIbmHost } from '../registry/match.ts';
import { endOf } from './expiry-notice.ts';

/** A line of `status`, and an element of `hosts` in its JSON. */
export interface Row {
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

/** Returns no settings if they cannot be read: the error is already reported for each host. */
export function settingsOf(context: Context): Settings {
  try {
    return readSettings(context);
  } catch (error) {
    if (error instanceof HelperError) return noSettings;
    throw error;
  }
}

/** Returns the hosts that have a credential, an error, or are signed out. If `named` is not empty, only these. */
export async function rowsOf(context: Context, named: readonly string[]): Promise<Row[]> {
  const only = named.length > 0 ? { names: named } : {};
  const answers = await answeredHosts(context, { namespaces: true, ...only });
  const { identities } = settingsOf(context);
  const rows = rowsIn(context, answers).map((row): Row => {
    const identity = identities[row.identity ?? ''];
    if (row.identity === undefined || identity === undefined || !isUsable(identity)) return row;
    const end = endOf(context, row.identity, identity);
    return end === undefined ? row : { ...row, endsAt: new Date(end).toISOString() };
  });
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
  const { username: presentedAs, identity, location: keptIn } = found;
  const endsAt = validTime(found.expiresAt);
  return {
    host,
    state: 'answered',
    ...(identity === undefined ? {} : { identity }),
    presentedAs,
    keptIn,
    ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
  };
}
