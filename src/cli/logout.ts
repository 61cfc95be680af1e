import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { cancelPendingKeys } from '../identity/cancel-pending.ts';
import { requireIdentity } from '../identity/identities.ts';
import { pendingIdentities } from '../identity/pending-key.ts';
import {
  eraseOtherHost,
  otherHosts,
  type Removed,
  removeIdentities,
  removeMapping,
  signOutOf,
} from '../identity/removal.ts';
import { removeEverything } from '../identity/remove-everything.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { apiKeyVariables } from '../secret-variables.ts';
import { shellQuoted, visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, notStored, requireHost } from './host-arguments.ts';
import { printLine } from './output.ts';
import { optionalSources } from './setting-table.ts';

interface LogoutArgs {
  readonly hosts?: readonly string[];
  readonly identity?: string;
}

export const logout: Command<LogoutArgs> = {
  options: {
    identity: { type: 'string', describe: 'remove this identity, its secret and its mappings' },
  },
  examples: [
    ['logout us.icr.io', 'log out of one host; other credential sources are then skipped too'],
    ['logout us.icr.io/team-a', 'remove the mapping of one namespace'],
    ['logout --identity work', 'remove one identity and its mappings'],
    [
      'logout index.docker.io',
      'remove the credential that docker login stored for another registry',
    ],
    ['logout', 'all ICR hosts: remove all identities and their secrets'],
  ],
  run: async (context, { hosts = [], identity }) => {
    const named = hosts.map(requireHost);
    if (identity !== undefined) await logOutIdentity(context, identity, named);
    else if (named.length === 0) await logOutAll(context);
    else await logOutHosts(context, named);
    warnOfVariables(context);
    return 0;
  },
};

async function logOutAll(context: Context): Promise<void> {
  const removed = await removeEverything(context);
  printLine(context, 'logged out of all ICR hosts; all identities and their secrets are removed');
  const others = otherHosts(context).map(shellQuoted).join(' ');
  if (others !== '') {
    const command = `docker-credential-icr logout ${others}`;
    printLine(
      context,
      `credentials for other registries are still stored; to remove them, run ${command}`,
    );
  }
  for (const { setting, value, title } of optionalSources(readSettings(context))) {
    const hint = `run docker-credential-icr settings ${setting} off`;
    if (value !== false) context.warn(`${title} is still used`, hint);
  }
  await cancelPending(context, removed);
}

/** Continues after an error, so that one host does not prevent the others. Throws the first error at the end. */
async function logOutHosts(context: Context, hosts: readonly RegistryHost[]): Promise<void> {
  const failures: unknown[] = [];
  for (const host of hosts) await logOutHost(context, host).catch((error) => failures.push(error));
  const [first, ...rest] = failures;
  for (const error of rest) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message, error.hint);
  }
  if (first !== undefined) throw first;
}

async function logOutHost(context: Context, host: RegistryHost): Promise<void> {
  if (!isIbmHost(host)) return logOutOther(context, host);
  const key = mappingKey(host);
  const isHost = key === host.name;
  const { kept, removed } = await (isHost ? signOutOf : removeMapping)(context, key);
  const rest = isHost ? '' : `; the credential of ${host.name} is used for it, if there is one`;
  printLine(context, `logged out of ${key}${rest}`);
  for (const identity of kept) printLine(context, `identity ${visible(identity)} is kept`);
  await cancelPending(context, removed);
}

async function logOutOther(context: Context, host: RegistryHost): Promise<void> {
  if (!(await eraseOtherHost(context, host))) throw notStored(host);
  printLine(context, `removed the credential for ${hostKey(host)}`);
}

async function logOutIdentity(context: Context, name: string, hosts: readonly RegistryHost[]) {
  if (hosts.length > 0) {
    throw new HelperError('invalid-input', '--identity and hosts cannot be used together', {
      hint: 'use one of them',
    });
  }
  // If only a pending API key of the identity is left, there is still something to delete in IAM.
  if (!pendingIdentities(context).includes(name)) requireIdentity(readSettings(context), name);
  const removed = await removeIdentities(context, [name]);
  printLine(context, `removed identity ${visible(name)} and its secret`);
  await cancelPending(context, removed);
}

/** Deletes the API keys that interrupted commands created in IAM for the removed identities. */
async function cancelPending(context: Context, removed: Removed): Promise<void> {
  for (const id of await cancelPendingKeys(context, removed)) {
    printLine(context, `deleted API key ${visible(id)}, created by an interrupted command`);
  }
}

function warnOfVariables({ env, warn }: Context): void {
  for (const name of apiKeyVariables) {
    if (env[name]) warn(`${name} is still set`, `run unset ${name}`);
  }
}
