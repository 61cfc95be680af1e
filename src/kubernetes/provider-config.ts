import { retiredHosts } from '../registry/match.ts';
import { privateHosts, publicHosts } from '../registry/regions.ts';
import { type ConfigOptions, requireConsistent } from './config-options.ts';
import { nodeFolders } from './kubelet.ts';
import { profileAnnotation } from './pod-identity.ts';

/** The file name of the executable, which is also the name of the provider. */
export const providerName = 'docker-credential-icr';
/** The directory of the executables that the kubelet runs. */
export const binFolder = '/opt/docker-credential-icr/bin';
export const configFile = `${nodeFolders.DOCKER_CREDENTIAL_ICR_CONFIG_DIR}/credential-provider.yaml`;

/** Source: k8s.io/kubelet/config/v1, types.go. */
interface CredentialProviderConfig {
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

/**
 * The images for which the kubelet calls the provider. The patterns match future regions. They also match cp.icr.io, for
 * which the provider returns entitlement keys only. The kubelet compares ports exactly, and letters with their case.
 */
const matchImages: readonly string[] = [
  ...publicHosts,
  ...privateHosts,
  '*.icr.io',
  '*.*.icr.io',
  'icr.io:443',
  '*.icr.io:443',
  '*.*.icr.io:443',
  ...retiredHosts,
];

/** Returns the content of `--image-credential-provider-config`. Throws `invalid-input` for contradictory options. */
export function providerConfig(options: ConfigOptions): CredentialProviderConfig {
  requireConsistent(options);
  const provider: CredentialProvider = {
    name: providerName,
    matchImages,
    // Not used: every response has a cacheDuration.
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
    // One argument, so that a value is not parsed as an option.
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

/** The credential depends on the service account only, so one response is for all of its pods. */
function tokenAttributes(options: ConfigOptions): TokenAttributes {
  const keys = [profileAnnotation];
  return {
    serviceAccountTokenAudience: options.audience,
    cacheType: 'ServiceAccount',
    // Static pods have no service account, and use the identity of the node.
    requireServiceAccount: !options.allowNodeIdentity,
    // If a required key is missing, the kubelet does not call the provider and logs next to nothing. If an optional key
    // is missing, the provider reports it.
    ...(options.requireAnnotation
      ? { requiredServiceAccountAnnotationKeys: keys }
      : { optionalServiceAccountAnnotationKeys: keys }),
  };
}
