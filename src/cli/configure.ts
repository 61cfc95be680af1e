import type { Client, EditPlan } from '../clients/client.ts';
import type { ClientName } from '../clients/clients.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { acceptingHosts } from '../identity/present.ts';
import { helperOf, program } from '../program-name.ts';
import { isIbmHost } from '../registry/match.ts';
import { privateHosts, publicHosts, regions } from '../registry/regions.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { requireIbmHost } from './host-arguments.ts';
import { printLine } from './output.ts';

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
  readonly identity?: string;
}

export const configure: Command<ConfigureArgs> = {
  options: {
    client: {
      type: 'string',
      choices: ['docker', 'nerdctl', 'podman', 'registries.conf', 'all'],
      default: 'docker',
      describe: 'the client to configure',
    },
    host: { type: 'string', array: true, describe: 'the same as HOST; can be repeated' },
    region: {
      type: 'string',
      array: true,
      describe: 'only the host of this region (us-south, eu-de, …); can be repeated',
    },
    identity: {
      type: 'string',
      describe: 'register docker-credential-icr-IDENTITY, which uses only this identity',
    },
    private: { type: 'boolean', describe: 'also the private hosts (private.us.icr.io, …)' },
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
    ['configure', 'register the helper in docker for all public ICR hosts'],
    ['configure us.icr.io --dry-run', 'show the change for one host'],
    [
      'configure --identity prod --host us.icr.io',
      'use identity prod for one host, in this client',
    ],
  ],
  run: async (context, args) => {
    const { clientsOf } = await import('../clients/clients.ts');
    const named = await import('./named-helper.ts');
    const { identity } = args;
    if (identity !== undefined) requireOneHelper(args);
    if (identity !== undefined && !args.remove) {
      const hosts = await hostsToAdd(context, args);
      if (args.dryRun) named.requireNamed(context, identity, hosts);
      else named.addNamedHelper(context, identity, hosts);
    }
    // With hosts, `--remove` removes only their entries.
    const removesAll = args.remove && namedHosts(args) === undefined && identity === undefined;
    const changesStore = args.credsStore || removesAll;
    for (const client of clientsOf(context, args.client, args.remove ?? false)) {
      if (client.name === 'docker' && changesStore) {
        const { resetCredsStore, setCredsStore } = await import('./configure-store.ts');
        await (args.remove ? resetCredsStore : setCredsStore)(context, args.dryRun ?? false);
      }
      // As `credsStore`, the helper is called for all hosts, without an entry for each.
      const isCovered = client.name === 'docker' && args.credsStore && !args.remove;
      if (!isCovered) await edit(context, client, args);
    }
    if (args.credsStore && args.client === 'docker') await editOthers(context, args);
    if (args.dryRun) return 0;
    if (removesAll || (args.remove && identity !== undefined)) {
      named.removeUnusedLinks(context, identity);
    }
    if (!args.remove && identity !== undefined) named.reportMissing(context, identity);
    else if (!args.remove && !(await hasCredential(context))) {
      printLine(context, 'next: docker-credential-icr login');
    }
    return 0;
  },
};

/** podman, buildah and skopeo do not read `credsStore`, so without their own entries they would pull without a credential. */
async function editOthers(context: Context, args: ConfigureArgs): Promise<void> {
  const { installedClientsIgnoring } = await import('../clients/clients.ts');
  const added = args.remove ? undefined : await hostsToAdd(context, args);
  for (const client of installedClientsIgnoring(context, 'credsStore')) {
    const { before, after } = planFor(context, client, args, added);
    if (after !== before) await edit(context, client, args);
  }
}

async function edit(context: Context, client: Client, args: ConfigureArgs): Promise<void> {
  const added = args.remove ? undefined : await hostsToAdd(context, args);
  const makePlan = () => planFor(context, client, args, added);
  const plan = args.dryRun ? await show(context, makePlan()) : await apply(context, makePlan, args);
  for (const { message, hint } of plan.notes) context.warn(message, hint);
  if (args.remove && args.identity !== undefined && !args.dryRun) {
    reportUnnamed(context, client, plan);
  }
}

/** The removed entries may have replaced those of this program. */
function reportUnnamed(context: Context, client: Client, { hosts, before, after }: EditPlan): void {
  if (after === before || client.configuredHosts(context).length === 0) return;
  const again = ['configure', '--client', client.name, ...hosts].join(' ');
  printLine(context, `next, to use ${program} again: ${program} ${again}`);
}

async function hostsToAdd(context: Context, args: ConfigureArgs): Promise<readonly string[]> {
  const hosts = namedHosts(args) ?? (await defaultHosts(context, args.private ?? false));
  if (args.identity === undefined || namedHosts(args) !== undefined) return hosts;
  return acceptingHosts(readSettings(context).identities, args.identity, hosts);
}

/** Throws `invalid-input` for options that concern all registries. */
function requireOneHelper({ credsStore, client }: ConfigureArgs): void {
  const other = credsStore ? '--creds-store' : '--client registries.conf';
  if (!credsStore && client !== 'registries.conf') return;
  throw new HelperError('invalid-input', `--identity and ${other} cannot be used together`, {
    hint: 'use --identity with --client docker or podman',
  });
}

/** Plans to add `added`; if that is undefined, to remove the named hosts, or all entries of this helper. */
function planFor(
  context: Context,
  client: Client,
  args: ConfigureArgs,
  added: readonly string[] | undefined,
): EditPlan {
  const helper = args.identity === undefined ? {} : { helper: helperOf(args.identity) };
  if (added === undefined) return client.planRemove(context, namedHosts(args) ?? 'all', helper);
  return client.planAdd(context, added, { force: args.force ?? false, ...helper });
}

/** Returns the hosts of the arguments; undefined without any. */
function namedHosts({ hosts = [], host = [], region = [], private: withPrivate }: ConfigureArgs) {
  const typed = [...hosts, ...host];
  if (typed.length + region.length === 0) return undefined;
  const ofRegions = region
    .map(hostOfRegion)
    .flatMap((name) => (withPrivate ? [name, `private.${name}`] : name));
  return [...typed.map((each) => requireIbmHost(each).name), ...ofRegions];
}

function hostOfRegion(typed: string): string {
  const found = regions.find(({ region, alias }) => typed === region || typed === alias);
  if (found !== undefined) return found.host;
  const names = regions.map(({ region }) => region).join(', ');
  throw new HelperError('invalid-input', 'unknown region', { hint: `use one of ${names}` });
}

/** Returns the public ICR hosts, with `withPrivate` also the private ones, and all other ICR hosts with a credential. */
export async function defaultHosts(context: Context, withPrivate = false): Promise<string[]> {
  const names = await ibmHostsWithCredential(context);
  return [...new Set([...publicHosts, ...(withPrivate ? privateHosts : []), ...names])];
}

async function hasCredential(context: Context): Promise<boolean> {
  return (await ibmHostsWithCredential({ ...context, warn: () => {} })).length > 0;
}

/** Returns the ICR hosts that have a credential, even if it cannot be read. */
async function ibmHostsWithCredential(context: Context): Promise<string[]> {
  const all = await answeredHosts(context, { namespaces: true });
  return all.filter(({ host }) => isIbmHost(host)).map(({ host }) => host.name);
}

async function show({ stdout }: Context, plan: EditPlan): Promise<EditPlan> {
  const { unifiedDiff } = await import('../clients/diff.ts');
  stdout(unifiedDiff(plan) || `nothing to change in ${visible(plan.file)}\n`);
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
  const change = remove ? `removed ${count} from` : `added ${count} to`;
  printLine(context, `${changed ? change : 'nothing to change in'} ${visible(plan.file)}`);
  if (backup !== undefined) printLine(context, `backup of the previous file: ${visible(backup)}`);
  return plan;
}
