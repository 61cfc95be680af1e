import type { EditPlan } from '../clients/client.ts';
import type { Context } from '../context.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { isIbmHost } from '../registry/match.ts';
import { privateHosts, publicHosts } from '../registry/regions.ts';
import type { Command } from './command.ts';
import { requireIbmHost } from './hosts.ts';

interface ConfigureArgs {
  readonly host?: readonly string[];
  readonly private?: boolean;
  readonly dryRun?: boolean;
  readonly remove?: boolean;
  readonly force?: boolean;
}

export const configure: Command<ConfigureArgs> = {
  usage: 'configure',
  describe: "name this helper in Docker's config.json, for IBM's hosts",
  options: {
    host: { type: 'string', array: true, describe: 'only this host; may be given more than once' },
    private: { type: 'boolean', describe: 'the private hosts as well' },
    'dry-run': { type: 'boolean', describe: 'show the change as a diff, make none' },
    remove: { type: 'boolean', describe: 'take out what configure put in, and nothing else' },
    force: { type: 'boolean', describe: 'replace the entries of another helper' },
  },
  examples: [
    ['configure', 'every public IBM host'],
    ['configure --host us.icr.io --dry-run', 'shows what would change for one host'],
  ],
  run: async (context, args) => {
    const { docker } = await import('../clients/docker.ts');
    const hosts = args.host?.map((host) => requireIbmHost(host).name);
    const plan = args.remove
      ? docker.planRemove(context, hosts ?? 'all-ours')
      : docker.planAdd(context, hosts ?? usualHosts(context, args.private ?? false), {
          force: args.force ?? false,
        });
    await carryOut(context, plan, args);
    for (const note of plan.notes) context.warn(note);
    return 0;
  },
};

/** The hosts of IBM's documentation, and any that has a credential here. */
function usualHosts(context: Context, withPrivate: boolean): string[] {
  const answered = answeredHosts(context).filter(({ host }) => isIbmHost(host));
  return [
    ...new Set([
      ...publicHosts,
      ...(withPrivate ? privateHosts : []),
      ...answered.map(({ host }) => host.name),
    ]),
  ];
}

async function carryOut(context: Context, plan: EditPlan, args: ConfigureArgs): Promise<void> {
  const { stdout } = context;
  if (plan.before === plan.after) {
    stdout(`nothing to change in ${plan.file}\n`);
  } else if (args.dryRun) {
    const { unifiedDiff } = await import('../clients/diff.ts');
    stdout(unifiedDiff(plan));
  } else {
    const { applyPlan } = await import('../clients/edit-file.ts');
    const { backup } = applyPlan(context, plan);
    stdout(`${args.remove ? 'removed' : 'added'} ${plan.hosts.length} hosts in ${plan.file}\n`);
    if (backup !== undefined) stdout(`what was there before is in ${backup}\n`);
  }
}
