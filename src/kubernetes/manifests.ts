import type {
  IClusterRole,
  IClusterRoleBinding,
} from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import type { ConfigOptions } from './config-options.ts';
import { daemonSet } from './daemon-set.ts';
import { apiKeyFile } from './install-script.ts';
import { requireNamespace, requireObjectName, requirePath } from './manifest-options.ts';
import { providerConfig, providerName } from './provider-config.ts';
import { textOf, yamlOf } from './yaml.ts';

export interface ManifestOptions {
  readonly image: string;
  readonly executable: string;
  readonly namespace: string;
  readonly imagePullSecret: string | undefined;
  readonly apiKeySecret: string | undefined;
}

/** Returns the objects that install the provider on the nodes of a cluster. Throws `invalid-input`. */
export function manifests(options: ManifestOptions, who: ConfigOptions, flags: string): string {
  const { image, executable, namespace, imagePullSecret, apiKeySecret } = options;
  const secrets = {
    ...(imagePullSecret === undefined
      ? {}
      : { imagePullSecret: requireObjectName(imagePullSecret) }),
    ...(apiKeySecret === undefined ? {} : { apiKeySecret: requireObjectName(apiKeySecret) }),
  };
  requirePath(executable);
  const config = providerConfig(apiKeySecret === undefined ? who : { ...who, apiKeyFile });
  const objects = [
    ...(who.serviceAccounts ? audienceRole(who.audience) : []),
    ...daemonSet({
      namespace: requireNamespace(namespace),
      image,
      executable,
      config: textOf(config),
      ...secrets,
    }),
  ];
  return yamlOf(objects, notes(flags, who));
}

/**
 * Returns the role with which nodes may request service account tokens of this audience. Without it, nodes may request
 * only audiences of tokens that one of their pods mounts. Source: Kubernetes documentation, "Service account token
 * audience restriction".
 */
function audienceRole(audience: string): [IClusterRole, IClusterRoleBinding] {
  const name = `${providerName}-audience`;
  const group = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        {
          verbs: ['request-serviceaccounts-token-audience'],
          apiGroups: [''],
          resources: [audience],
        },
      ],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: group, kind: 'Group', name: 'system:nodes' }],
    },
  ];
}

function notes(flags: string, { serviceAccounts }: ConfigOptions): string[] {
  return [
    'Installs docker-credential-icr and its configuration on nodes that already run. On a new node, no pod runs until the',
    'kubelet starts, and a kubelet with these flags does not start without the files: install the files there with',
    'docker-credential-icr kubernetes manifests, and set the flags only after the files:',
    `  ${flags}`,
    ...(serviceAccounts
      ? ['Pods pull with their own identity: Kubernetes 1.34 or later is required.']
      : []),
    'The pods mount directories of the node, which needs the Pod Security level "privileged" in this namespace.',
    'The files remain on the nodes when these objects are deleted.',
  ];
}
