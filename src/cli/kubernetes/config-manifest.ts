import fs from 'node:fs';
import path from 'node:path';
import { cannot } from '../../files/storage-error.ts';
import type { Command } from '../command.ts';
import { checkedOptions, kubeletFlags, type WhoPulls, whoPulls } from './provider-options.ts';

interface ConfigArgs extends WhoPulls {
  readonly output?: string;
}

export const config: Command<ConfigArgs> = {
  options: {
    output: { type: 'string', alias: 'o', describe: 'write it to this file instead' },
    ...whoPulls,
  },
  examples: [
    ['kubernetes config > credential-provider.yaml', 'nodes pull with their own identity'],
    ['kubernetes config --node-profile Profile-…', 'nodes of VPC pull as a trusted profile'],
    ['kubernetes config --service-accounts', 'pods pull with theirs'],
  ],
  run: async (context, { output, ...args }) => {
    const { textOf } = await import('../../kubernetes/yaml.ts');
    const { configFile, providerConfig } = await import('../../kubernetes/provider-config.ts');
    const text = textOf(providerConfig(await checkedOptions(args)));
    const file = output === undefined ? configFile : path.resolve(output);
    if (output === undefined) {
      context.stdout(text);
      context.warn(`save it on every node as ${configFile}`);
    } else {
      writeFile(file, text);
      context.stdout(`wrote ${file}\n`);
    }
    for (const line of await nextSteps(file, args)) context.warn(line);
    return 0;
  },
};

/** For root's kubelet; there is no secret in it. */
function writeFile(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text);
  } catch (error) {
    throw cannot('write', file, error);
  }
}

/** A configuration alone does nothing: what must be on the node, how its kubelet is told, who it pulls as. */
async function nextSteps(file: string, args: WhoPulls): Promise<string[]> {
  const { binFolder, providerName } = await import('../../kubernetes/provider-config.ts');
  return [
    `put this executable on every node as ${binFolder}/${providerName}: owner root, mode 0755`,
    `start the kubelet with ${await kubeletFlags(file)}`,
    ...identityLines(args),
  ];
}

function identityLines({ serviceAccounts, identity, nodeProfile, audience }: WhoPulls): string[] {
  if (serviceAccounts) {
    return [
      `let nodes ask for tokens of audience ${audience}: apply the ClusterRole and ClusterRoleBinding that docker-credential-icr kubernetes daemonset prints`,
    ];
  }
  if (nodeProfile !== undefined) return [];
  const name = identity === undefined ? '' : ` --identity ${identity}`;
  return [
    `give every node its identity: as root, DOCKER_CREDENTIAL_ICR_CONFIG_DIR=/etc/docker-credential-icr docker-credential-icr login${name}`,
  ];
}
