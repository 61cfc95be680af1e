import { createHash } from 'node:crypto';
import path from 'node:path/posix';
import type { IDaemonSet } from 'kubernetes-models/apps/v1';
import type { IConfigMap, IContainer, IVolume, IVolumeMount } from 'kubernetes-models/v1';
import { installScript } from './install-script.ts';
import { binFolder, configFile, providerName } from './provider-config.ts';

export interface DaemonSetOptions {
  readonly namespace: string;
  /** An image with the executable in it, and a shell. */
  readonly image: string;
  /** Where the executable is in that image. */
  readonly executable: string;
  /** The text of the CredentialProviderConfig. */
  readonly config: string;
  /** A Secret in the namespace, with which the image itself is pulled. */
  readonly imagePullSecret?: string;
  /** A Secret in the namespace with the node's API key, under `apikey`. */
  readonly apiKeySecret?: string;
}

const configFolder = path.dirname(configFile);
/** Beside the configuration; the executable reads it there. */
export const apiKeyFile = `${configFolder}/api-key`;
const labels = { 'app.kubernetes.io/name': providerName };

/** A ConfigMap with the configuration, and a DaemonSet that puts it and the executable in place on every node. */
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

/** Another configuration is another template: the nodes get it one after the other. */
function templateMetadata(config: string) {
  const checksum = createHash('sha256').update(config).digest('hex');
  return { labels, annotations: { 'icr.io/config-checksum': checksum } };
}

type PodSpec = NonNullable<NonNullable<IDaemonSet['spec']>['template']['spec']>;

function podSpec(options: DaemonSetOptions): PodSpec {
  const { image, imagePullSecret } = options;
  const idle: IContainer = {
    name: 'idle',
    image,
    command: ['/bin/sh', '-c', 'exec sleep infinity'],
    resources: smallResources,
    securityContext: restricted,
  };
  return {
    automountServiceAccountToken: false,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 1,
    ...(imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
    initContainers: [installer(options)],
    containers: [idle],
    volumes: volumes(options),
  };
}

const smallResources = { requests: { cpu: '1m', memory: '8Mi' } };

/** Root, because the folders are root's, but with no right beyond that. */
const restricted = {
  runAsUser: 0,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' as const },
};

function installer({ image, executable, apiKeySecret }: DaemonSetOptions): IContainer {
  const volumeMounts: IVolumeMount[] = [
    { name: 'bin', mountPath: '/host/bin' },
    { name: 'etc', mountPath: '/host/etc' },
    { name: 'config', mountPath: '/config', readOnly: true },
    ...(apiKeySecret === undefined
      ? []
      : [{ name: 'api-key', mountPath: '/api-key', readOnly: true }]),
  ];
  return {
    name: 'install',
    image,
    command: ['/bin/sh', '-c', installScript, 'install'],
    args: [executable, '/config', '/api-key', '/host/bin', '/host/etc'],
    resources: smallResources,
    securityContext: restricted,
    volumeMounts,
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
