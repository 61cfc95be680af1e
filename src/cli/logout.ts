import { typed } from '../clients/notes.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { cancelPendingKeys } from '../identity/cancel-pending.ts';
import {
  forgetEverything,
  forgetIdentities,
  forgetNamespace,
  type Removed,
  signOutOf,
} from '../identity/forget.ts';
import { forgetOther, otherHosts } from '../identity/forget-other.ts';
import { requireIdentity } from '../identity/identities.ts';
import { pendingIdentities } from '../identity/pending-key.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { ambientVariables, ownVariable } from '../secret-variables.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, nothingKept, requireHost } from './host-arguments.ts';

interface LogoutArgs {
  readonly hosts?: readonly string[];
  readonly identity?: string;
}

export const logout: Command<LogoutArgs> = {
  options: {
    identity: { type: 'string', describe: 'forget this identity and its secret instead' },
  },
  examples: [
    ['logout us.icr.io', 'signs out of one host, whatever answered for it'],
    ['logout us.icr.io/team-a', 'forgets what answers for one namespace'],
    ['logout --identity work', 'removes one identity, whatever is mapped to it'],
    ['logout index.docker.io', 'forgets what docker login stored for another registry'],
    ['logout', 'removes every identity and its secret'],
  ],
  run: async (context, { hosts = [], identity }) => {
    const named = hosts.map(requireHost);
    if (identity !== undefined) await leaveIdentity(context, identity, named);
    else if (named.length === 0) await leaveAll(context);
    else await leaveHosts(context, named);
    warnOfVariables(context);
    return 0;
  },
};

async function leaveAll(context: Context): Promise<void> {
  const removed = await forgetEverything(context);
  context.stdout('signed out of every IBM host; nothing is kept for them any more\n');
  const others = otherHosts(context).map(typed).join(' ');
  if (others !== '')
    context.stdout(
      `other registries' are; to forget them, run docker-credential-icr logout ${others}\n`,
    );
  const { ibmcloudSession, computeProfile } = readSettings(context);
  if (ibmcloudSession)
    context.warn(`the ibmcloud session still answers; ${off('ibmcloud-session')}`);
  if (computeProfile)
    context.warn(`trusted profile ${computeProfile} still answers; ${off('compute-profile')}`);
  await cancelPending(context, removed);
}

function off(source: string): string {
  return `run docker-credential-icr settings ${source} off`;
}

/** All of them; where one cannot be left, that is said in the end. */
async function leaveHosts(context: Context, hosts: readonly RegistryHost[]): Promise<void> {
  const failures: unknown[] = [];
  for (const host of hosts) await leaveHost(context, host).catch((error) => failures.push(error));
  const [first, ...rest] = failures;
  for (const error of rest) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(inOneLine(error));
  }
  if (first !== undefined) throw first;
}

async function leaveHost(context: Context, host: RegistryHost): Promise<void> {
  if (!isIbmHost(host)) return leaveOther(context, host);
  const key = mappingKey(host);
  const isHost = key === host.name;
  const { kept, removed } = await (isHost ? signOutOf : forgetNamespace)(context, key);
  const decides = `${key} has no identity of its own any more; ${host.name} decides`;
  context.stdout(isHost ? `signed out of ${key}\n` : `${decides}\n`);
  for (const identity of kept)
    context.stdout(`identity ${visible(identity)} is kept, without this host\n`);
  await cancelPending(context, removed);
}

async function leaveOther(context: Context, host: RegistryHost): Promise<void> {
  if (!(await forgetOther(context, host))) throw nothingKept(host);
  context.stdout(`what was kept here for ${hostKey(host)} is gone\n`);
}

async function leaveIdentity(context: Context, name: string, hosts: readonly RegistryHost[]) {
  if (hosts.length > 0) {
    throw new HelperError('invalid-input', '--identity and hosts exclude each other');
  }
  // A removed identity may have left an API key in IAM.
  if (!pendingIdentities(context).includes(name)) requireIdentity(readSettings(context), name);
  const removed = await forgetIdentities(context, [name]);
  context.stdout(`identity ${visible(name)} and its secret are gone\n`);
  await cancelPending(context, removed);
}

/** Deletes in IAM what an interrupted command made for the removed identities, and nobody knows any more. */
async function cancelPending(context: Context, removed: Removed): Promise<void> {
  for (const id of await cancelPendingKeys(context, removed)) {
    context.stdout(`deleted API key ${id}, which an interrupted command had made\n`);
  }
}

/** A key in the environment is not ours to forget. */
function warnOfVariables({ env, warn }: Context): void {
  for (const name of [ownVariable, ...ambientVariables]) {
    if (env[name]) warn(`${name} is still set`, `run unset ${name}`);
  }
}
