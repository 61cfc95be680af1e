import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Command, Option } from '../command.ts';
import { dashed } from '../secret-options.ts';
import { identityLines } from './config-manifest.ts';
import {
  checkedOptions,
  type PullIdentityOptions,
  pullIdentityOptions,
  versionLines,
} from './provider-options.ts';
import { printRefresher, type RefresherArgs, refresherOptions } from './refresher-manifest.ts';

interface ManifestArgs extends PullIdentityOptions, RefresherArgs {
  readonly kind: string;
  readonly url?: string;
  readonly sha256?: string;
  readonly role?: string;
}

const nodeOptions: Readonly<Record<string, Option>> = {
  url: {
    type: 'string',
    describe: 'address (https) of a release archive for Linux',
    group: 'New nodes',
  },
  sha256: {
    type: 'string',
    describe: 'checksum of the archive, from SHA256SUMS',
    group: 'New nodes',
  },
};
const role: Option = {
  type: 'string',
  describe: 'pool of the machineconfig (default: worker)',
  group: 'New nodes',
};

/** The options of each kind of manifest. */
export const manifestKinds: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  'cloud-init': { ...nodeOptions, ...pullIdentityOptions },
  machineconfig: { ...nodeOptions, role, ...pullIdentityOptions },
  refresher: {
    ...refresherOptions,
    'trusted-profile': pullIdentityOptions['trusted-profile'] as Option,
    'iam-endpoint': pullIdentityOptions['iam-endpoint'] as Option,
  },
};

export const manifestsCommand: Command<ManifestArgs> = {
  options: { ...nodeOptions, role, ...refresherOptions, ...pullIdentityOptions },
  values: {
    title: 'Kinds',
    rows: [
      ['cloud-init', 'user data of new nodes'],
      ['machineconfig', 'MachineConfig for new nodes of self-managed OpenShift'],
      ['refresher', 'CronJob or Deployment that renews pull Secrets'],
    ],
  },
  examples: [
    [
      'kubernetes manifests cloud-init --url https://… --sha256 … --node-profile Profile-…',
      'user data of new nodes',
    ],
    [
      'kubernetes manifests machineconfig --url https://… --sha256 … | oc apply -f -',
      'self-managed OpenShift',
    ],
    [
      'kubernetes manifests refresher --image IMAGE@sha256:DIGEST --host us.icr.io | kubectl apply -f -',
      'renew pull Secrets',
    ],
  ],
  run: async (context, args) => {
    requireOptionsOf(args);
    if (args.kind === 'refresher') await printRefresher(context, args);
    else await printNode(context, args);
    return 0;
  },
};

async function printNode(context: Context, args: ManifestArgs): Promise<void> {
  const { kind, url, sha256, role = 'worker' } = args;
  const who = Object.fromEntries(
    Object.entries(args).filter(([name]) => Object.hasOwn(pullIdentityOptions, dashed(name))),
  ) as unknown as PullIdentityOptions;
  const { cloudInit, machineConfig, nodeInstall } = await import(
    '../../kubernetes/node-install.ts'
  );
  const install = nodeInstall({ url, sha256 }, await checkedOptions(who));
  context.stdout(kind === 'cloud-init' ? cloudInit(install) : machineConfig(install, role));
  for (const line of [...identityLines(who), ...versionLines(who)]) context.warn(line);
}

/** Throws `invalid-input` for an unknown kind, and for an option that does not apply to it. */
function requireOptionsOf(args: ManifestArgs): void {
  const { kind } = args;
  const allowed = Object.hasOwn(manifestKinds, kind) ? manifestKinds[kind] : undefined;
  if (allowed === undefined) {
    throw new HelperError('invalid-input', 'unknown manifest', {
      hint: `use ${Object.keys(manifestKinds).join(', ')}`,
    });
  }
  const given = Object.entries(args).filter(
    ([name, value]) => value !== undefined && manifestsCommand.options[name]?.default !== value,
  );
  const other = given.find(
    ([name]) => Object.hasOwn(manifestsCommand.options, name) && !Object.hasOwn(allowed, name),
  );
  if (other === undefined) return;
  throw new HelperError('invalid-input', `--${other[0]} is not an option of ${kind}`, {
    hint: `remove --${other[0]}`,
  });
}
