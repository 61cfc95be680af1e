import { readSettings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts, type HostAnswer } from '../identity/hosts.ts';
import { signedOutHosts } from '../identity/signed-out.ts';
import type { Command } from './command.ts';
import { table } from './table.ts';

interface Row {
  readonly host: string;
  readonly state: 'answered' | 'failing' | 'signed-out';
  readonly username?: string;
  readonly identity?: string;
  /** Where the credential comes from; where there is none, why. */
  readonly origin: string;
}

const head = ['HOST', 'IDENTITY', 'USER NAME', 'FROM'];

export const status: Command<{ readonly json?: boolean }> = {
  usage: 'status',
  describe: 'show which identity answers which host, and where it comes from',
  options: { json: { type: 'boolean', describe: 'as JSON' } },
  examples: [['status', 'a line a host']],
  run: (context, { json }) => {
    const rows = rowsOf(context);
    const { identities, ibmcloudSession = false, computeProfile = false } = readSettings(context);
    if (json) {
      const all = { hosts: rows, identities, sources: { ibmcloudSession, computeProfile } };
      context.stdout(`${JSON.stringify(all, null, 2)}\n`);
    } else {
      const none = 'no host is answered; run docker-credential-icr login\n';
      context.stdout(rows.length === 0 ? none : table(head, rows.map(cells)));
      context.stdout(`ibmcloud session: ${ibmcloudSession ? 'on' : 'off'}\n`);
      context.stdout(`trusted profile of this machine: ${computeProfile || 'off'}\n`);
    }
    return rows.some(({ state }) => state === 'failing') ? 1 : 0;
  },
};

function rowsOf(context: Context): Row[] {
  const rows = answeredHosts(context, { namespaces: true }).map(rowOf);
  const answered = new Set(rows.map(({ host }) => host));
  const signedOut = [...signedOutHosts(context)]
    .filter((host) => !answered.has(host))
    .map((host): Row => ({ host, state: 'signed-out', origin: 'signed out' }));
  return [...rows, ...signedOut].sort((a, b) => a.host.localeCompare(b.host));
}

function rowOf({ serverURL, found }: HostAnswer): Row {
  if (found instanceof HelperError) {
    return { host: serverURL, state: 'failing', origin: found.message };
  }
  const { username, identity, origin } = found;
  return {
    host: serverURL,
    state: 'answered',
    username,
    ...(identity === undefined ? {} : { identity }),
    origin,
  };
}

function cells({ host, identity, username, origin }: Row): string[] {
  return [host, identity ?? '-', username ?? '-', origin];
}
