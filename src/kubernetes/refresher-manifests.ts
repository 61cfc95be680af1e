import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { ICronJob } from 'kubernetes-models/batch/v1';
import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type {
  IClusterRole,
  IClusterRoleBinding,
  IRole,
  IRoleBinding,
} from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import type { IContainer, IPodSpec, IServiceAccount, IVolume } from 'kubernetes-models/v1';
import { intervalMinutes } from './refreshed-secret.ts';
import { yamlOf } from './yaml.ts';

export interface RefresherManifest {
  readonly namespace: string;
  readonly image: string;
  readonly executable: string;
  readonly imagePullSecret: string | undefined;
  readonly apiKeySecret: string | undefined;
  readonly iamEndpoint: string | undefined;
  readonly hosts: readonly string[];
  readonly selector: string;
  readonly secretName: string;
  readonly profile: string | undefined;
  readonly name: string;
  readonly serviceAccounts: readonly string[];
  /** A Deployment with metrics and leader election instead of a CronJob. */
  readonly isDeployment: boolean;
}

const labels = { 'app.kubernetes.io/name': 'icr-refresher' };
const tokenDirectory = '/var/run/secrets/tokens';
const keyDirectory = '/var/run/secrets/icr';
export const apiKeyPath = `${keyDirectory}/api-key`;
const runSeconds = intervalMinutes * 60 - 20;
const port = 8080;

/** Returns the CronJob or Deployment of the refresher, its rights and its network policy. */
export function refresherManifests(options: RefresherManifest): string {
  const { selector, secretName, isDeployment } = options;
  return yamlOf(
    [
      serviceAccount(options),
      ...rights(options),
      ...(isDeployment ? lease(options) : []),
      networkPolicy(options),
      isDeployment ? deployment(options) : cronJob(options),
    ],
    [
      `Renews the pull Secret ${secretName} in each namespace with the label ${selector}.`,
      'The refresher may list namespaces, create Events, and read and change Secrets of this name only. It changes only those',
      'that it created.',
      'Its pods meet the Pod Security level "restricted".',
    ],
  );
}

function serviceAccount({ name, namespace }: RefresherManifest): IServiceAccount {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, labels },
    automountServiceAccountToken: false,
  };
}

/**
 * `create` works with a resource name, because server-side apply creates an object by its name. Source:
 * kubernetes/kubernetes, staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
 */
function rights(options: RefresherManifest): [IClusterRole, IClusterRoleBinding] {
  const { name, namespace, secretName, serviceAccounts } = options;
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: `icr-${namespace}-${name}`, labels };
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata,
      rules: [
        { verbs: ['list'], apiGroups: [''], resources: ['namespaces'] },
        {
          verbs: ['get', 'create', 'patch'],
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: [secretName],
        },
        { verbs: ['create'], apiGroups: [''], resources: ['events'] },
        ...(serviceAccounts.length === 0
          ? []
          : [
              {
                verbs: ['get', 'patch'],
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

/** The Lease exists from the start, so that the refresher needs no right to create one. */
function lease({ name, namespace }: RefresherManifest): [ILease, IRole, IRoleBinding] {
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
          verbs: ['get', 'patch'],
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

/** DNS, IAM, and the usual ports of API servers; 2040 is that of IBM's managed clusters. */
function networkPolicy({ name, namespace, isDeployment }: RefresherManifest): INetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels },
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: isDeployment ? [{ ports: [{ protocol: 'TCP', port }] }] : [],
      egress: [
        { ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port: 53 })) },
        { ports: [443, 6443, 2040].map((port) => ({ protocol: 'TCP' as const, port })) },
      ],
    },
  };
}

function cronJob(options: RefresherManifest): ICronJob {
  const { name, namespace } = options;
  const template = {
    metadata: { labels },
    spec: { ...podSpec(options), restartPolicy: 'Never' as const },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace, labels },
    spec: {
      schedule: `*/${intervalMinutes} * * * *`,
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: runSeconds, template } },
    },
  };
}

function deployment(options: RefresherManifest): IDeployment {
  const { name, namespace } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(options) },
    },
  };
}

function podSpec(options: RefresherManifest): IPodSpec {
  const { name, imagePullSecret } = options;
  return {
    serviceAccountName: name,
    ...(imagePullSecret && { imagePullSecrets: [{ name: imagePullSecret }] }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65534,
      runAsGroup: 65534,
      fsGroup: 65534,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container(options)],
    volumes: volumes(options),
  };
}

function container(options: RefresherManifest): IContainer {
  const { image, executable, iamEndpoint, apiKeySecret } = options;
  const mount = (name: string, mountPath: string) => ({ name, mountPath, readOnly: true });
  return {
    name: 'refresher',
    image,
    command: [executable],
    args: argsOf(options),
    ...(options.isDeployment && {
      ports: [{ name: 'metrics', containerPort: port }],
      livenessProbe: { httpGet: { path: '/healthz', port: 'metrics' } },
    }),
    ...(iamEndpoint && { env: [{ name: 'IBMCLOUD_IAM_API_ENDPOINT', value: iamEndpoint }] }),
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      mount('cluster', '/var/run/secrets/kubernetes.io/serviceaccount'),
      apiKeySecret === undefined ? mount('iam', tokenDirectory) : mount('api-key', keyDirectory),
    ],
  };
}

function argsOf(options: RefresherManifest): string[] {
  const { hosts, selector, secretName, profile, apiKeySecret, name, namespace } = options;
  const { serviceAccounts } = options;
  return [
    ...['kubernetes', 'refresher'],
    options.isDeployment ? `--port=${port}` : '--once',
    ...hosts.map((host) => `--host=${host}`),
    `--selector=${selector}`,
    `--secret-name=${secretName}`,
    `--name=${namespace}/${name}`,
    ...serviceAccounts.map((account) => `--service-account=${account}`),
    ...(profile === undefined ? [] : [`--trusted-profile=${profile}`]),
    ...(apiKeySecret === undefined ? [] : [`--api-key-file=${apiKeyPath}`]),
  ];
}

function volumes({ apiKeySecret }: RefresherManifest): IVolume[] {
  const mode = 0o440;
  const cluster: IVolume = {
    name: 'cluster',
    projected: {
      defaultMode: mode,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
        {
          configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
        },
      ],
    },
  };
  const token = { audience: 'iam', path: 'sa-token', expirationSeconds: 3600 };
  const iam: IVolume = {
    name: 'iam',
    projected: { defaultMode: mode, sources: [{ serviceAccountToken: token }] },
  };
  if (apiKeySecret === undefined) return [cluster, iam];
  const items = [{ key: 'apikey', path: 'api-key' }];
  const key = { secretName: apiKeySecret, defaultMode: mode, items };
  return [cluster, { name: 'api-key', secret: key }];
}
