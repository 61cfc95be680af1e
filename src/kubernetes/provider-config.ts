import { HelperError } from '../errors.ts';
import { requireProfileId } from '../identity/profile.ts';
import { retiredHosts } from '../registry/match.ts';
import { privateHosts, publicHosts } from '../registry/regions.ts';
import { nodeFolders } from './node-folders.ts';
import { profileAnnotation } from './pod-identity.ts';
import type { ProvideOptions } from './provide.ts';

/** The executable's name, by which the kubelet finds it. */
export const providerName = 'docker-credential-icr';
/** Where executables that the kubelet runs are kept; its owner is root. */
export const binFolder = '/opt/docker-credential-icr/bin';
export const configFile = `${nodeFolders.DOCKER_CREDENTIAL_ICR_CONFIG_DIR}/credential-provider.yaml`;

export interface ConfigOptions extends ProvideOptions {
  /** The kubelet does not ask for pods whose service account is not annotated. */
  readonly requireAnnotation?: boolean;
  /** Another IAM than the public one. */
  readonly iamEndpoint?: string;
  /** A file on the node with the API key that answers. */
  readonly apiKeyFile?: string;
}

/** Source: k8s.io/kubelet/config/v1, types.go. */
export interface CredentialProviderConfig {
  readonly apiVersion: 'kubelet.config.k8s.io/v1';
  readonly kind: 'CredentialProviderConfig';
  readonly providers: readonly CredentialProvider[];
}

interface CredentialProvider {
  readonly name: string;
  readonly matchImages: readonly string[];
  readonly defaultCacheDuration: string;
  readonly apiVersion: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly tokenAttributes?: TokenAttributes;
}

interface TokenAttributes {
  readonly serviceAccountTokenAudience: string;
  readonly cacheType: 'ServiceAccount' | 'Token';
  readonly requireServiceAccount: boolean;
  readonly requiredServiceAccountAnnotationKeys?: readonly string[];
  readonly optionalServiceAccountAnnotationKeys?: readonly string[];
}

/** The patterns match regions that are younger than this program. */
export const matchImages: readonly string[] = [
  ...publicHosts,
  ...privateHosts,
  '*.icr.io',
  '*.*.icr.io',
  ...retiredHosts,
];

/** What `--image-credential-provider-config` reads. Throws `invalid-input` for options that contradict each other. */
export function providerConfig(options: ConfigOptions): CredentialProviderConfig {
  requireConsistent(options);
  const provider: CredentialProvider = {
    name: providerName,
    matchImages,
    // Never used: every answer says how long it may be kept.
    defaultCacheDuration: '0s',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    args: argsOf(options),
    env: envOf(options),
    ...(options.serviceAccounts ? { tokenAttributes: tokenAttributes(options) } : {}),
  };
  return {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [provider],
  };
}

function requireConsistent(options: ConfigOptions): void {
  const { serviceAccounts, trustedProfile, requireAnnotation, allowNodeIdentity } = options;
  if (!serviceAccounts && (trustedProfile !== undefined || requireAnnotation)) {
    throw invalid('--trusted-profile and --require-annotation go with --service-accounts');
  }
  if (!serviceAccounts && allowNodeIdentity) {
    throw invalid('--allow-node-identity goes with --service-accounts');
  }
  if (requireAnnotation && (trustedProfile !== undefined || allowNodeIdentity)) {
    throw invalid('--require-annotation leaves nobody for --trusted-profile or the node to answer');
  }
  if (options.identity !== undefined && options.nodeProfile !== undefined) {
    throw invalid('--identity and --node-profile both say who the node is; name one');
  }
  for (const profile of [trustedProfile, options.nodeProfile]) {
    if (profile !== undefined) requireProfileId(profile);
  }
}

function argsOf(options: ConfigOptions): string[] {
  const { identity, present, nodeProfile, serviceAccounts, trustedProfile, audience } = options;
  const texts = {
    identity,
    present,
    'node-profile': nodeProfile,
    'trusted-profile': trustedProfile,
    audience: serviceAccounts ? audience : undefined,
  };
  const switches = {
    'service-accounts': serviceAccounts,
    'allow-node-identity': options.allowNodeIdentity,
  };
  return [
    'kubelet',
    ...Object.entries(switches).flatMap(([name, isOn]) => (isOn ? `--${name}` : [])),
    // In one word, so that a value is never taken for an option.
    ...Object.entries(texts).flatMap(([name, text]) =>
      text === undefined ? [] : `--${name}=${text}`,
    ),
  ];
}

function envOf({ iamEndpoint, apiKeyFile }: ConfigOptions): { name: string; value: string }[] {
  const variables = {
    ...nodeFolders,
    ...(iamEndpoint === undefined ? {} : { IBMCLOUD_IAM_API_ENDPOINT: iamEndpoint }),
    ...(apiKeyFile === undefined ? {} : { DOCKER_CREDENTIAL_ICR_API_KEY: `@${apiKeyFile}` }),
  };
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

/** What is pulled with depends on the service account only: one answer serves all of its pods. */
function tokenAttributes(options: ConfigOptions): TokenAttributes {
  const keys = [profileAnnotation];
  return {
    serviceAccountTokenAudience: options.audience,
    cacheType: 'ServiceAccount',
    // Static pods have none: then the node would have to answer.
    requireServiceAccount: !options.allowNodeIdentity,
    // Where the key is required, the kubelet does not ask, and logs next to nothing; we say what is missing.
    ...(options.requireAnnotation
      ? { requiredServiceAccountAnnotationKeys: keys }
      : { optionalServiceAccountAnnotationKeys: keys }),
  };
}

function invalid(message: string): HelperError {
  return new HelperError('invalid-input', message);
}
