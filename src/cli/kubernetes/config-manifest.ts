import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../../context.ts';
import { actAsOwner } from '../../files/act-as-owner.ts';
import { cannot } from '../../files/storage-error.ts';
import { shellQuoted, visible } from '../../visible.ts';
import type { Command } from '../command.ts';
import { printLine } from '../output.ts';
import {
  checkedOptions,
  kubeletFlags,
  type PullIdentityOptions,
  pullIdentityOptions,
  versionLines,
} from './provider-options.ts';

interface ConfigArgs extends PullIdentityOptions {
  readonly output?: string;
}

export const config: Command<ConfigArgs> = {
  options: {
    output: { type: 'string', alias: 'o', describe: 'write to this file instead' },
    ...pullIdentityOptions,
  },
  examples: [
    ['kubernetes config > credential-provider.yaml', 'pull with the identity of the node'],
    ['kubernetes config --node-profile Profile-…', 'pull with a trusted profile (VPC)'],
    ['kubernetes config --service-accounts', 'pull with the identity of the pod'],
  ],
  run: async (context, { output, ...args }) => {
    const { textOf } = await import('../../kubernetes/yaml.ts');
    const { configFile, providerConfig } = await import('../../kubernetes/provider-config.ts');
    const text = textOf(providerConfig(await checkedOptions(args)));
    const file = output === undefined ? configFile : path.resolve(output);
    if (output === undefined) {
      context.stdout(text);
      context.warn(`save this file on every node as ${configFile}`);
    } else {
      writeFile(context, file, text);
      printLine(context, `wrote ${visible(file)}`);
    }
    for (const line of await nextSteps(file, args)) context.warn(line);
    return 0;
  },
};

const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK = 0 } = fs.constants;

/**
 * The file contains no secret; root's kubelet reads it. Root writes into another user's directory with the rights of that
 * user, who could have planted a symlink there, and does not wait for the reader of a FIFO.
 */
function writeFile(context: Context, file: string, text: string): void {
  actAsOwner(context, file, () => {
    try {
      const descriptor = fs.openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK);
      try {
        fs.writeFileSync(descriptor, text);
      } finally {
        fs.closeSync(descriptor);
      }
    } catch (error) {
      throw cannot('write', file, error);
    }
  });
}

/** Returns the remaining steps on a node: executable, identity, and at last the flags of the kubelet. */
async function nextSteps(file: string, args: PullIdentityOptions): Promise<string[]> {
  const { binFolder, providerName } = await import('../../kubernetes/provider-config.ts');
  return [
    `put this executable on every node as ${binFolder}/${providerName}: owner root, mode 0755`,
    ...identityLines(args),
    ...versionLines(args),
    `only with these files on the node, start the kubelet with ${await kubeletFlags(file)}`,
  ];
}

export function identityLines(args: PullIdentityOptions): string[] {
  const { serviceAccounts, allowNodeIdentity, identity, nodeProfile, audience } = args;
  const login =
    'DOCKER_CREDENTIAL_ICR_CONFIG_DIR=/etc/docker-credential-icr docker-credential-icr login';
  const name = identity === undefined ? '' : ` --identity ${shellQuoted(identity)}`;
  const needsLogin = nodeProfile === undefined && (!serviceAccounts || allowNodeIdentity);
  return [
    ...(serviceAccounts
      ? [
          `apply the ClusterRole and the ClusterRoleBinding that kubernetes daemonset prints: nodes need them to request tokens of audience ${audience}`,
        ]
      : []),
    ...(needsLogin ? [`log in on every node as root: ${login}${name}`] : []),
  ];
}
