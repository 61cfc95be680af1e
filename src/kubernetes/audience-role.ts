import type {
  IClusterRole,
  IClusterRoleBinding,
} from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { providerName } from './provider-config.ts';

/**
 * Returns the role with which nodes may request service account tokens of this audience. Without it, nodes may request
 * only audiences of tokens that one of their pods mounts. Source: Kubernetes documentation, "Service account token
 * audience restriction".
 */
export function audienceRole(audience: string): [IClusterRole, IClusterRoleBinding] {
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
