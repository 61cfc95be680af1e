import type { ConfigOptions } from '../../kubernetes/provider-config.ts';
import type { Option } from '../command.ts';

/** Who pulls: what `kubernetes config` and `kubernetes daemonset` write into the arguments of the provider. */
export const whoPulls: Readonly<Record<string, Option>> = {
  identity: { type: 'string', describe: 'the node pulls with this identity, whatever is mapped' },
  present: { type: 'string', describe: 'the user name it pulls with: iambearer …' },
  'node-profile': {
    type: 'string',
    describe: 'the node pulls as this trusted profile, by what the machine is',
  },
  'service-accounts': {
    type: 'boolean',
    describe: "pods pull with their own service account's trusted profile (Kubernetes 1.34)",
  },
  'trusted-profile': {
    type: 'string',
    describe: 'the profile of pods whose service account is not annotated',
  },
  audience: {
    type: 'string',
    default: 'iam',
    describe: "what the pods' tokens are for; IBM Cloud IAM takes iam",
  },
  'require-annotation': {
    type: 'boolean',
    describe: 'leave pods whose service account is not annotated to others',
  },
  'allow-node-identity': {
    type: 'boolean',
    describe: "let a pod without an identity of its own pull with the node's",
  },
  'iam-endpoint': { type: 'string', describe: 'another IAM: private.iam.cloud.ibm.com …' },
};

export type WhoPulls = Omit<ConfigOptions, 'apiKeyFile'>;

/** Throws `misconfigured` for an endpoint that is none. */
export async function checkedOptions(args: WhoPulls): Promise<WhoPulls> {
  const { iamEndpoint, ...options } = args;
  if (iamEndpoint === undefined) return options;
  const { parseEndpoint } = await import('../../iam/endpoint.ts');
  return { ...options, iamEndpoint: parseEndpoint(iamEndpoint, '--iam-endpoint') };
}

/** What must be done to the kubelet, for people: no manifest can. */
export async function kubeletFlags(file?: string): Promise<string> {
  const { binFolder, configFile } = await import('../../kubernetes/provider-config.ts');
  return `--image-credential-provider-config=${file ?? configFile} --image-credential-provider-bin-dir=${binFolder}`;
}
