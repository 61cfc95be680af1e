import type { Client, EditPlan } from '../clients/client.ts';
import type { ClientName } from '../clients/clients.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { isIbmHost } from '../registry/match.ts';
import { privateHosts, publicHosts, regions } from '../registry/regions.ts';
import type { Command } from './command.ts';
import { requireIbmHost } from './hosts.ts';

interface ConfigureArgs {
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
      describe: 'whose file to edit',
    },
    host: { type: 'string', array: true, describe: 'only this host; may be given more than once' },
    region: { type: 'string', array: true, describe: 'only the host of this region: us-south …' },
    private: { type: 'boolean', describe: 'the private hosts as well' },
    'creds-store': {
      type: 'boolean',
      describe: "be Docker's store for every registry; the one that stood there goes on for others",
    },
    'dry-run': { type: 'boolean', describe: 'show the change as a diff, make none' },
    remove: { type: 'boolean', describe: 'take out what configure put in, and nothing else' },
    force: { type: 'boolean', describe: 'replace the entries of another helper' },
  },
  examples: [
    ['configure', 'every public IBM host'],
    ['configure --host us.icr.io --dry-run', 'shows what would change for one host'],
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
    return 0;
  },
};

async function edit(context: Context, client: Client, args: ConfigureArgs): Promise<void> {
  const wanted = args.remove ? undefined : await wantedHosts(context, args);
  const makePlan = () => planFor(context, client, args, wanted);
  const plan = args.dryRun ? await show(context, makePlan()) : await apply(context, makePlan, args);
  for (const note of plan.notes) context.warn(note);
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

/** `undefined` where the person named none. */
function namedHosts({ host = [], region = [], private: twins = false }: ConfigureArgs) {
  if (host.length + region.length === 0) return undefined;
  const ofRegions = region
    .map(hostOfRegion)
    .flatMap((name) => (twins ? [name, `private.${name}`] : name));
  return [...host.map((typed) => requireIbmHost(typed).name), ...ofRegions];
}

function hostOfRegion(typed: string): string {
  const found = regions.find(({ region, alias }) => typed === region || typed === alias);
  if (found !== undefined) return found.host;
  const names = regions.map(({ region }) => region).join(', ');
  throw new HelperError('invalid-input', 'unknown region', { hint: `use one of ${names}` });
}

/** The hosts of IBM's documentation, and any that has a credential here. */
async function usualHosts(context: Context, withPrivate: boolean): Promise<string[]> {
  const all = await answeredHosts(context, { namespaces: true });
  const answered = all.filter(({ host }) => isIbmHost(host));
  const names = answered.map(({ host }) => host.name);
  return [...new Set([...publicHosts, ...(withPrivate ? privateHosts : []), ...names])];
}

async function show({ stdout }: Context, plan: EditPlan): Promise<EditPlan> {
  const { unifiedDiff } = await import('../clients/diff.ts');
  stdout(unifiedDiff(plan) || `nothing to change in ${plan.file}\n`);
  return plan;
}

async function apply(
  context: Context,
  makePlan: () => EditPlan,
  { remove }: ConfigureArgs,
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
