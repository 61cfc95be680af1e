import type { IContainer, IPodSpec, IVolume } from 'kubernetes-models/v1';

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

const tokenDirectory = '/var/run/secrets/tokens';
const keyDirectory = '/var/run/secrets/icr';
const apiKeyPath = `${keyDirectory}/api-key`;
/** The port of the Deployment's metrics and health check. */
export const metricsPort = 8080;

/** Returns the pod of the refresher, which meets the Pod Security level "restricted". */
export function podSpec(options: RefresherManifest): IPodSpec {
  const { name, imagePullSecret } = options;
  return {
    serviceAccountName: name,
    ...(imagePullSecret && { imagePullSecrets: [{ name: imagePullSecret }] }),
    // No user: OpenShift assigns one, and refuses others. Elsewhere it is that of the image.
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
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
      ports: [{ name: 'metrics', containerPort: metricsPort }],
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
    options.isDeployment ? `--port=${metricsPort}` : '--once',
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
  // The user is not known. Only the container of this pod has these files.
  const mode = 0o444;
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
