import type { Command } from './command.ts';
import { checkedOptions, kubeletFlags, type WhoPulls, whoPulls } from './kubernetes-options.ts';

export const config: Command<WhoPulls> = {
  usage: 'config',
  describe: "print the kubelet's CredentialProviderConfig",
  options: whoPulls,
  examples: [
    ['kubernetes config > credential-provider.yaml', 'nodes pull with their own identity'],
    ['kubernetes config --node-profile Profile-…', 'nodes of VPC pull as a trusted profile'],
    ['kubernetes config --service-accounts', 'pods pull with theirs'],
  ],
  run: async (context, args) => {
    const { textOf } = await import('../kubernetes/yaml.ts');
    const { binFolder, configFile, providerConfig, providerName } = await import(
      '../kubernetes/provider-config.ts'
    );
    context.stdout(textOf(providerConfig(await checkedOptions(args))));
    context.warn(`save it on every node as ${configFile}`);
    context.warn(
      `put this executable on every node as ${binFolder}/${providerName}: owner root, mode 0755`,
    );
    context.warn(`start the kubelet with ${await kubeletFlags()}`);
    for (const line of identityLines(args)) context.warn(line);
    return 0;
  },
};

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
