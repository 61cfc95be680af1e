import { createHash } from 'node:crypto';
import path from 'node:path/posix';
import type { IDaemonSet } from 'kubernetes-models/apps/v1';
import type { IConfigMap, IContainer, IVolume, IVolumeMount } from 'kubernetes-models/v1';
import { apiKeyFile, apiKeyLoop, configFolder, installScript } from './install-script.ts';
import { binFolder, configFile, providerName } from './provider-config.ts';

interface DaemonSetOptions {
  readonly namespace: string;
  /** An image that contains the executable and a shell. */
  readonly image: string;
  /** The path of the executable in the image. */
  readonly executable: string;
  /** The content of the CredentialProviderConfig. */
  readonly config: string;
  /** A Secret in the namespace for pulling the image. */
  readonly imagePullSecret?: string;
  /** A Secret in the namespace that contains the API key of the nodes as `apikey`. */
  readonly apiKeySecret?: string;
}

const labels = { 'app.kubernetes.io/name': providerName };

/** Returns a ConfigMap with the configuration, and a DaemonSet that installs it and the executable on every node. */
export function daemonSet(options: DaemonSetOptions): [IConfigMap, IDaemonSet] {
  const { namespace, config } = options;
  const metadata = { name: providerName, namespace, labels };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { [path.basename(configFile)]: config },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
        template: { metadata: templateMetadata(config), spec: podSpec(options) },
      },
    },
  ];
}

/** The checksum changes the template with the configuration, so that it is rolled out to the nodes. */
function templateMetadata(config: string) {
  const checksum = createHash('sha256').update(config).digest('hex');
  return { labels, annotations: { 'icr.io/config-checksum': checksum } };
}

type PodSpec = NonNullable<NonNullable<IDaemonSet['spec']>['template']['spec']>;

function podSpec(options: DaemonSetOptions): PodSpec {
  const { imagePullSecret, apiKeySecret } = options;
  return {
    automountServiceAccountToken: false,
    priorityClassName: 'system-node-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 1,
    ...(imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
    initContainers: [installer(options)],
    containers: [apiKeySecret === undefined ? idle(options) : apiKeyUpdater(options)],
    volumes: volumes(options),
  };
}

const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' as const },
};
/** Root owns the directories on the node. */
const asRoot = { ...restricted, runAsUser: 0, runAsGroup: 0 };
const nobody = 65534;
const asNobody = { ...restricted, runAsNonRoot: true, runAsUser: nobody, runAsGroup: nobody };

const usual = {
  resources: { requests: { cpu: '1m', memory: '8Mi' } },
  // `kubectl describe pod` shows the reason of a failure.
  terminationMessagePolicy: 'FallbackToLogsOnError' as const,
};

/** A DaemonSet needs a container that does not end. */
function idle({ image }: DaemonSetOptions): IContainer {
  return {
    name: 'idle',
    image,
    command: ['/bin/sh', '-c', 'exec sleep infinity'],
    ...usual,
    securityContext: asNobody,
  };
}

const mounts: Readonly<Record<'bin' | 'etc' | 'config' | 'apiKey', IVolumeMount>> = {
  bin: { name: 'bin', mountPath: '/host/bin' },
  etc: { name: 'etc', mountPath: '/host/etc' },
  config: { name: 'config', mountPath: '/config', readOnly: true },
  apiKey: { name: 'api-key', mountPath: '/api-key', readOnly: true },
};
const apiKeyIntervalSeconds = 30;

function apiKeyUpdater({ image }: DaemonSetOptions): IContainer {
  const { apiKey, etc } = mounts;
  return {
    name: 'update-api-key',
    image,
    command: ['/bin/sh', '-c', apiKeyLoop, 'update'],
    args: [apiKey.mountPath, etc.mountPath, `${apiKeyIntervalSeconds}`],
    ...usual,
    securityContext: asRoot,
    volumeMounts: [apiKey, etc],
  };
}

function installer({ image, executable, apiKeySecret }: DaemonSetOptions): IContainer {
  const { bin, etc, config, apiKey } = mounts;
  return {
    name: 'install',
    image,
    command: ['/bin/sh', '-c', installScript, 'install'],
    args: [executable, ...[config, apiKey, bin, etc].map(({ mountPath }) => mountPath)],
    ...usual,
    securityContext: asRoot,
    volumeMounts: [bin, etc, config, ...(apiKeySecret === undefined ? [] : [apiKey])],
  };
}

function volumes({ apiKeySecret }: DaemonSetOptions): IVolume[] {
  const onHost = (name: string, folder: string): IVolume => ({
    name,
    hostPath: { path: folder, type: 'DirectoryOrCreate' },
  });
  const items = [{ key: 'apikey', path: path.basename(apiKeyFile) }];
  return [
    onHost('bin', binFolder),
    onHost('etc', configFolder),
    { name: 'config', configMap: { name: providerName } },
    ...(apiKeySecret === undefined
      ? []
      : [{ name: 'api-key', secret: { secretName: apiKeySecret, items } }]),
  ];
}
