import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Context } from '../../context.ts';
import { HelperError, systemCode } from '../../errors.ts';
import type { WatchedCluster } from '../../kubernetes/refresh-continuously.ts';
import type { Cluster, RefreshOptions } from '../../kubernetes/renew-secret.ts';
import type { Command } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';

interface RefresherArgs {
  readonly once?: boolean;
  readonly port: string;
  readonly host?: readonly string[];
  readonly serviceAccount?: readonly string[];
  readonly selector: string;
  readonly secretName: string;
  readonly trustedProfile?: string;
  readonly apiKeyFile?: string;
  readonly name: string;
  readonly tokenFile: string;
  readonly serviceAccountDirectory: string;
}

export const refresher: Command<RefresherArgs> = {
  options: {
    once: { type: 'boolean', describe: 'renew the Secrets that are due, and exit' },
    port: { type: 'string', default: '8080', describe: 'port of /metrics and /healthz' },
    host: {
      type: 'string',
      array: true,
      describe: 'host or host/namespace of the Secrets; can be repeated',
    },
    selector: {
      type: 'string',
      default: 'icr.io/pull-secret=true',
      describe: 'label selector of the namespaces',
    },
    'secret-name': { type: 'string', default: 'icr-pull', describe: 'name of the Secrets' },
    'service-account': {
      type: 'string',
      array: true,
      describe: 'add the Secret to this service account of each namespace; can be repeated',
    },
    'trusted-profile': {
      type: 'string',
      describe:
        'trusted profile of namespaces without the annotation icr.io/trusted-profile-id, by ID, CRN or name',
    },
    'api-key-file': { type: 'string', describe: 'use an API key instead of trusted profiles' },
    name: {
      type: 'string',
      default: 'icr-refresher/refresher',
      describe:
        'namespace/name of the Lease; only Secrets with this name in an annotation are changed',
    },
    'token-file': {
      type: 'string',
      default: '/var/run/secrets/tokens/sa-token',
      describe: 'service account token of the pod for IAM',
    },
    'service-account-directory': {
      type: 'string',
      default: '/var/run/secrets/kubernetes.io/serviceaccount',
      describe: 'directory with the token and ca.crt for the Kubernetes API',
    },
  },
  examples: [
    ['kubernetes refresher --once --host us.icr.io', 'in a CronJob'],
    ['kubernetes refresher --host us.icr.io', 'in a Deployment'],
  ],
  run: async (context, args) => {
    const { host, serviceAccount: serviceAccounts = [], selector, secretName, name } = args;
    const { trustedProfile: profile, tokenFile, apiKeyFile, serviceAccountDirectory } = args;
    const { checkRefresher } = await import('../../kubernetes/refresher-options.ts');
    const keys = (host ?? []).map((text) => ({ text, host: requireIbmHost(text) }));
    const choice = { keys, selector, secretName, profile, apiKeyFile, name, serviceAccounts };
    const hosts = checkRefresher(choice);
    const port = requirePort(args.port);
    const { inClusterApi } = await import('../../kubernetes/cluster-api.ts');
    const { tokenRequester } = await import('../../kubernetes/refresher-tokens.ts');
    const { intervalsMs } = await import('../../kubernetes/refreshed-secret.ts');
    const cluster = {
      ...inClusterApi(context, serviceAccountDirectory),
      requestToken: tokenRequester(context, { tokenFile, apiKeyFile }),
    };
    const usesApiKey = apiKeyFile !== undefined;
    const secrets = { selector, secretName, hosts, profile, usesApiKey };
    const intervalMs = args.once ? intervalsMs.cronjob : intervalsMs.deployment;
    const options = { ...secrets, refresher: name, serviceAccounts, intervalMs };
    if (args.once) return refreshOnce(context, cluster, options);
    await refreshUntilStopped(context, cluster, options, port);
    return 0;
  },
};

async function refreshOnce(
  context: Context,
  cluster: Cluster,
  options: RefreshOptions,
): Promise<number> {
  const { refreshNamespaces } = await import('../../kubernetes/refresh-namespace.ts');
  const { renewed, unchanged, failed } = await refreshNamespaces(context, cluster, options);
  context.stdout(`${renewed} renewed, ${unchanged} unchanged, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

async function refreshUntilStopped(
  context: Context,
  cluster: WatchedCluster,
  options: RefreshOptions,
  port: number,
): Promise<void> {
  const { leadUntilStopped, leaseMs } = await import('../../kubernetes/leader-lease.ts');
  const { refreshContinuously } = await import('../../kubernetes/refresh-continuously.ts');
  const { createElection } = await import('../../kubernetes/leader-lease.ts');
  const { createMetrics } = await import('../../kubernetes/refresh-metrics.ts');
  const { serveTexts } = await import('../../http/local-server.ts');
  const [namespace = '', name = ''] = options.refresher.split('/');
  // In a pod, the host name is the name of the pod. Pods in the node's network have the same one.
  const holder = `${context.env.HOSTNAME || os.hostname()}_${randomUUID()}`;
  const lease = { namespace, name, holder, durationMs: leaseMs };
  const election = createElection(cluster.api, context.now, lease);
  const metrics = createMetrics(context.now);
  const server = await serveTexts(port, metrics.pages).catch((error) => {
    throw new HelperError('storage', `cannot listen on port ${port} (${systemCode(error)})`, {
      hint: 'use another --port',
    });
  });
  const stopping = new AbortController();
  const restore = context.onSignals(['SIGTERM', 'SIGINT'], () => stopping.abort());
  const control = { now: context.now, random: Math.random, pause, stop: stopping.signal };
  try {
    context.stdout(`serving /metrics and /healthz on port ${server.port}\n`);
    await leadUntilStopped(context, election, metrics, control, (stop) =>
      refreshContinuously(context, cluster, options, metrics, { ...control, stop }),
    );
  } finally {
    restore();
    server.close();
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}

function requirePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new HelperError('invalid-input', 'invalid --port', { hint: 'use --port 8080' });
}
