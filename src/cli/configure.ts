import type { Client, EditPlan } from '../clients/client.ts';
import type { ClientName } from '../clients/clients.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { isIbmHost } from '../registry/match.ts';
import { privateHosts, publicHosts, regions } from '../registry/regions.ts';
import type { Command } from './command.ts';
import { requireIbmHost } from './host-arguments.ts';

interface ConfigureArgs {
  readonly hosts?: readonly string[];
  readonly client: ClientName;
  readonly host?: readonly string[];
  readonly region?: readonly string[];
  readonly private?: boolean;
  readonly dryRun?: boolean;
  readonly remove?: boolean;
  readonly force?: boolean;
  readonly credsStore?: boolean;
}

export const configure: Command<ConfigureArgs> = {
  options: {
    client: {
      type: 'string',
      choices: ['docker', 'nerdctl', 'podman', 'registries.conf', 'all'],
      default: 'docker',
      describe: 'the client to configure',
    },
    host: {
      type: 'string',
      array: true,
      describe: 'the same as HOST; can be repeated',
    },
    region: {
      type: 'string',
      array: true,
      describe: 'only the host of this region (us-south, eu-de, …); can be repeated',
    },
    private: { type: 'boolean', describe: 'also the private hosts' },
    'creds-store': {
      type: 'boolean',
      describe:
        "use the helper as Docker's credsStore; the previous one is used for other registries",
    },
    'dry-run': { type: 'boolean', describe: 'show the change as a diff, without making it' },
    remove: { type: 'boolean', describe: 'remove the entries of this helper' },
    force: { type: 'boolean', describe: 'replace the entries of another helper' },
  },
  examples: [
    ['configure', 'registers the helper in docker for all public ICR hosts'],
    ['configure us.icr.io --dry-run', 'shows the change for one host'],
  ],
  run: async (context, args) => {
    const { clients } = await import('../clients/clients.ts');
    // Who names a host to remove means that host.
    const isStoreMeant = args.credsStore || (args.remove && namedHosts(args) === undefined);
    for (const client of clients[args.client](context)) {
      if (client.name === 'docker' && isStoreMeant) {
        const { giveBackStore, takeOverStore } = await import('./configure-store.ts');
        await (args.remove ? giveBackStore : takeOverStore)(context, args.dryRun ?? false);
      }
      // A helper that is asked for every registry need not be named for each of IBM's.
      const isCovered = client.name === 'docker' && args.credsStore && !args.remove;
      if (!isCovered) await edit(context, client, args);
    }
    if (!args.remove && !args.dryRun && !(await hasCredential(context))) {
      context.stdout('next: docker-credential-icr login\n');
    }
    return 0;
  },
};

async function edit(context: Context, client: Client, args: ConfigureArgs): Promise<void> {
  const wanted = args.remove ? undefined : await wantedHosts(context, args);
  const makePlan = () => planFor(context, client, args, wanted);
  const plan = args.dryRun ? await show(context, makePlan()) : await apply(context, makePlan, args);
  for (const { message, hint } of plan.notes) context.warn(message, hint);
}

async function wantedHosts(context: Context, args: ConfigureArgs): Promise<readonly string[]> {
  return namedHosts(args) ?? (await usualHosts(context, args.private ?? false));
}

/** Without `wanted`, the hosts are removed. */
function planFor(
  context: Context,
  client: Client,
  args: ConfigureArgs,
  wanted: readonly string[] | undefined,
): EditPlan {
  if (wanted === undefined) return client.planRemove(context, namedHosts(args) ?? 'all-ours');
  return client.planAdd(context, wanted, { force: args.force ?? false });
}

/** `undefined` if none is named. */
function namedHosts({ hosts = [], host = [], region = [], private: twins = false }: ConfigureArgs) {
  const typed = [...hosts, ...host];
  if (typed.length + region.length === 0) return undefined;
  const ofRegions = region
    .map(hostOfRegion)
    .flatMap((name) => (twins ? [name, `private.${name}`] : name));
  return [...typed.map((each) => requireIbmHost(each).name), ...ofRegions];
}

function hostOfRegion(typed: string): string {
  const found = regions.find(({ region, alias }) => typed === region || typed === alias);
  if (found !== undefined) return found.host;
  const names = regions.map(({ region }) => region).join(', ');
  throw new HelperError('invalid-input', 'unknown region', { hint: `use one of ${names}` });
}

/** Returns the hosts of IBM's documentation, and every other host that has a credential here. */
export async function usualHosts(context: Context, withPrivate = false): Promise<string[]> {
  const names = await ibmHostsWithCredential(context);
  return [...new Set([...publicHosts, ...(withPrivate ? privateHosts : []), ...names])];
}

async function hasCredential(context: Context): Promise<boolean> {
  return (await ibmHostsWithCredential({ ...context, warn: () => {} })).length > 0;
}

/** A credential that cannot be read counts as well. */
async function ibmHostsWithCredential(context: Context): Promise<string[]> {
  const all = await answeredHosts(context, { namespaces: true });
  return all.filter(({ host }) => isIbmHost(host)).map(({ host }) => host.name);
}

async function show({ stdout }: Context, plan: EditPlan): Promise<EditPlan> {
  const { unifiedDiff } = await import('../clients/diff.ts');
  stdout(unifiedDiff(plan) || `nothing to change in ${plan.file}\n`);
  return plan;
}

/** Makes the change to a client's file and reports it. */
export async function apply(
  context: Context,
  makePlan: () => EditPlan,
  { remove = false }: { readonly remove?: boolean } = {},
): Promise<EditPlan> {
  const { planAndApply } = await import('../clients/edit-file.ts');
  const { plan, changed, backup } = await planAndApply(context, makePlan);
  const count = `${plan.hosts.length} ${plan.hosts.length === 1 ? 'host' : 'hosts'}`;
  context.stdout(
    changed
      ? `${remove ? 'removed' : 'added'} ${count} in ${plan.file}\n`
      : `nothing to change in ${plan.file}\n`,
  );
  if (backup !== undefined) context.stdout(`what was there before is in ${backup}\n`);
  return plan;
}
