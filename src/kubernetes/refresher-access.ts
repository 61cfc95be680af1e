import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type {
  IClusterRole,
  IClusterRoleBinding,
  IRole,
  IRoleBinding,
} from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import type { IServiceAccount } from 'kubernetes-models/v1';
import { secretNames } from './refreshed-secret.ts';
import { metricsPort, type RefresherManifest } from './refresher-pod.ts';

export const labels = { 'app.kubernetes.io/name': 'icr-refresher' };

/** Returns the service account of the refresher. Its token is mounted only into the refresher's own container. */
export function serviceAccount({ name, namespace }: RefresherManifest): IServiceAccount {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, labels },
    automountServiceAccountToken: false,
  };
}

/**
 * Returns the permissions of the refresher. With a resource name, `list` and `watch` are allowed only for objects of this name.
 * `create` works with a resource name, because server-side apply creates an object by its name. Source:
 * kubernetes/kubernetes, staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
 */
export function permissions(options: RefresherManifest): [IClusterRole, IClusterRoleBinding] {
  const { name, namespace, secretName, serviceAccounts, isDeployment } = options;
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: `icr-${namespace}-${name}`, labels };
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata,
      rules: [
        {
          verbs: isDeployment ? ['list', 'watch'] : ['list'],
          apiGroups: [''],
          resources: ['namespaces'],
        },
        {
          verbs: ['get', ...(isDeployment ? ['list', 'watch'] : []), 'create', 'patch'],
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: secretNames({ secretName, serviceAccounts }),
        },
        { verbs: ['create'], apiGroups: [''], resources: ['events'] },
        ...(serviceAccounts.length === 0
          ? []
          : [
              {
                verbs: isDeployment ? ['get', 'list', 'watch', 'patch'] : ['get', 'patch'],
                apiGroups: [''],
                resources: ['serviceaccounts'],
                resourceNames: [...serviceAccounts],
              },
            ]),
      ],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}

/** Returns the Lease of the leader election, and the permission to change it, and to create it if it was deleted. */
export function lease({ name, namespace }: RefresherManifest): [ILease, IRole, IRoleBinding] {
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name, namespace, labels };
  return [
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        {
          verbs: ['get', 'create', 'patch'],
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          resourceNames: [name],
        },
      ],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}

/** Returns the network policy: DNS, IAM, and the usual ports of API servers; 2040 is that of IBM's managed clusters. */
export function networkPolicy({
  name,
  namespace,
  isDeployment,
}: RefresherManifest): INetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels },
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: isDeployment ? [{ ports: [{ protocol: 'TCP', port: metricsPort }] }] : [],
      egress: [
        { ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port: 53 })) },
        { ports: [443, 6443, 2040].map((port) => ({ protocol: 'TCP' as const, port })) },
      ],
    },
  };
}
