import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { ICronJob } from 'kubernetes-models/batch/v1';
import { intervalsMs } from './refreshed-secret.ts';
import { labels, lease, networkPolicy, permissions, serviceAccount } from './refresher-access.ts';
import { podSpec, type RefresherManifest } from './refresher-pod.ts';
import { yamlOf } from './yaml.ts';

const intervalMinutes = intervalsMs.cronjob / 60_000;
const runSeconds = intervalMinutes * 60 - 20;

/** Returns the CronJob or Deployment of the refresher, its permissions and its network policy. */
export function refresherManifests(options: RefresherManifest): string {
  const { selector, secretName, isDeployment } = options;
  return yamlOf(
    [
      serviceAccount(options),
      ...permissions(options),
      ...(isDeployment ? lease(options) : []),
      networkPolicy(options),
      isDeployment ? deployment(options) : cronJob(options),
    ],
    [
      `Renews the pull Secret ${secretName} in each namespace with the label ${selector}.`,
      'The refresher may list namespaces, create Events, and read and change only the Secrets that its ClusterRole names. It',
      'changes only those that it created.',
      'Its pods meet the Pod Security level "restricted".',
    ],
  );
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
  // Two replicas on one node would fail together.
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway' as const,
    labelSelector: { matchLabels: labels },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { ...podSpec(options), topologySpreadConstraints: [spread] },
      },
    },
  };
}
