import type { ConfigOptions } from '../../kubernetes/config-options.ts';
import type { Option } from '../command.ts';

const identityGroup = 'Identity';

/** The options that `kubernetes config` and the node manifests write into the arguments of the provider. */
export const pullIdentityOptions: Readonly<Record<string, Option>> = {
  identity: {
    type: 'string',
    describe: 'pull with this identity of the node, and ignore mappings',
    group: identityGroup,
  },
  present: {
    type: 'string',
    describe: 'user name to pull with, such as iambearer',
    group: identityGroup,
  },
  'node-profile': {
    type: 'string',
    describe: 'pull with the trusted profile of the machine, by ID or CRN',
    group: identityGroup,
  },
  'service-accounts': {
    type: 'boolean',
    describe:
      "pull with the trusted profile of each pod's service account (Kubernetes 1.34 or later)",
    group: identityGroup,
  },
  'trusted-profile': {
    type: 'string',
    describe: 'trusted profile of service accounts without annotation, by ID, CRN or name',
    group: identityGroup,
  },
  audience: {
    type: 'string',
    default: 'iam',
    describe: "audience of the service accounts' tokens",
    group: identityGroup,
  },
  'require-annotation': {
    type: 'boolean',
    describe: 'leave pods whose service account is not annotated to other providers',
    group: identityGroup,
  },
  'allow-node-identity': {
    type: 'boolean',
    describe: 'use the identity of the node for pods without their own',
    group: identityGroup,
  },
  'iam-endpoint': {
    type: 'string',
    describe: 'use another IAM, such as private.iam.cloud.ibm.com',
    group: identityGroup,
  },
};

export type PullIdentityOptions = Omit<ConfigOptions, 'apiKeyFile'>;

/** Throws `misconfigured` for an invalid endpoint. */
export async function checkedOptions(args: PullIdentityOptions): Promise<PullIdentityOptions> {
  const { iamEndpoint, ...options } = args;
  if (iamEndpoint === undefined) return options;
  const { parseEndpoint } = await import('../../iam/endpoint.ts');
  return { ...options, iamEndpoint: parseEndpoint(iamEndpoint, '--iam-endpoint') };
}

/** Returns the flags that the kubelet needs. No manifest can set them. */
export async function kubeletFlags(file?: string): Promise<string> {
  const { binFolder, configFile } = await import('../../kubernetes/provider-config.ts');
  return `--image-credential-provider-config=${file ?? configFile} --image-credential-provider-bin-dir=${binFolder}`;
}

/** Returns the required version of Kubernetes, if the options need one. */
export function versionLines({ serviceAccounts }: PullIdentityOptions): string[] {
  return serviceAccounts ? ['--service-accounts requires Kubernetes 1.34 or later'] : [];
}
