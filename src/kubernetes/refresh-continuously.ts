import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { ClusterWatch } from './cluster-api.ts';
import { followObjects } from './follow-objects.ts';
import { backoffMs, type LoopControl } from './loop-control.ts';
import { namespacesWith, secretsNamed, serviceAccountsNamed } from './object-metadata.ts';
import { type RefreshFailure, reportFailure } from './refresh-event.ts';
import type { RefreshMetrics } from './refresh-metrics.ts';
import { refreshNamespace } from './refresh-namespace.ts';
import { createQueue } from './refresh-queue.ts';
import { isFresh, isOwn, type ObjectMetadata, secretNames } from './refreshed-secret.ts';
import { shareTokens } from './refresher-tokens.ts';
import type { Cluster, RefreshOptions } from './renew-secret.ts';

/** A Secret is read again after about this time, because a watch may miss a change. */
const checkMs = 5 * 60_000;
/** If another program deletes or changes a Secret again and again, it is restored after this time. */
const restoreAgainMs = 60_000;
/** A service account is created shortly after its namespace. */
const reportAfterMs = 5000;
/** A persistent failure is reported again after this time. */
const reportAgainMs = 10 * 60_000;

export interface WatchedCluster extends Cluster {
  readonly watch: ClusterWatch;
}

/**
 * Renews Secrets until `stop` is aborted: those of a namespace when it or one of its service accounts changes, when another program
 * deletes or changes them, and when they are due. Failed namespaces are retried with exponential backoff, up to a minute.
 */
export async function refreshContinuously(
  context: Context,
  given: WatchedCluster,
  options: RefreshOptions,
  metrics: RefreshMetrics,
  control: LoopControl,
): Promise<void> {
  const { now, random, stop } = control;
  const requestToken = shareTokens(given.requestToken, control, options.intervalMs);
  /** At the end, requests that were sent are completed, and no others are sent. */
  const untilStopped =
    <Arguments extends unknown[], Result>(send: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      if (stop.aborted) throw new HelperError('cancelled', 'the refresher was stopped');
      return send(...args);
    };
  const cluster = {
    ...given,
    api: untilStopped(given.api),
    requestToken: untilStopped(requestToken),
    seen: metrics.seen,
  };
  const namespaces = new Map<string, ObjectMetadata>();
  /** How often, and since when, a namespace has failed. */
  const failures = new Map<string, { readonly count: number; readonly since: number }>();
  const queue = createQueue(control, () => metrics.beat('renewals'));
  const shouldReport = createReporting(now);

  const refresh = async (name: string): Promise<void> => {
    const namespace = namespaces.get(name);
    if (namespace === undefined || namespace.isDeleted) return;
    const results = await refreshNamespace(context, cluster, options, namespace);
    if (stop.aborted) return;
    metrics.refreshed(name, results);
    const failed = results.filter((result) => result.outcome === 'failed');
    const { count = 0, since = now() } = failures.get(name) ?? {};
    if (failed.length === 0) failures.delete(name);
    else failures.set(name, { count: count + 1, since });
    const checkAfterMs = checkMs * (0.9 + random() / 5);
    const waitMs = failed.length === 0 ? checkAfterMs : backoffMs(count + 1, random());
    const renewals = results.flatMap((result) => ('renewAt' in result ? [result.renewAt] : []));
    if (namespaces.has(name)) queue.add(name, Math.min(now() + waitMs, ...renewals));
    for (const failure of failed) {
      if (now() < since + reportAfterMs || !shouldReport(name, failure)) continue;
      await reportFailure(context, cluster.api, name, failure);
    }
  };
  const failed = (error: HelperError) => {
    metrics.failed(error.code);
    context.warn(error.message, error.hint);
  };
  const followNamespaces = followObjects(
    cluster,
    namespacesWith(options.selector),
    {
      changed: (namespace) => {
        namespaces.set(namespace.name, namespace);
        failures.delete(namespace.name);
        queue.add(namespace.name, now());
      },
      removed: ({ name }) => {
        namespaces.delete(name);
        failures.delete(name);
        queue.remove(name);
        metrics.removed(name);
      },
      failed,
    },
    control,
  );
  const followAccounts = options.serviceAccounts.map((account) =>
    followObjects(
      cluster,
      serviceAccountsNamed(account),
      {
        changed: ({ namespace }) => {
          if (namespaces.has(namespace)) queue.add(namespace, now());
        },
        removed: () => {},
        failed,
      },
      control,
    ),
  );
  const restoredAt = new Map<string, number>();
  const restore = ({ namespace }: ObjectMetadata) => {
    if (!namespaces.has(namespace)) return;
    const last = restoredAt.get(namespace) ?? 0;
    const at = last > now() ? last : Math.max(now(), last + restoreAgainMs);
    restoredAt.set(namespace, at);
    queue.add(namespace, at);
  };
  const followSecrets = secretNames(options).map((name) =>
    followObjects(
      cluster,
      secretsNamed(name),
      {
        changed: (secret) => {
          if (!isOwn(secret, options.refresher) || !isFresh(secret, now())) restore(secret);
        },
        removed: restore,
        failed,
      },
      control,
    ),
  );
  if (stop.aborted) return;
  await Promise.all([queue.run(refresh), followNamespaces, ...followAccounts, ...followSecrets]);
}

/** Returns a function that returns true if a failure is new, or was last reported some time ago. */
function createReporting(now: () => number) {
  const reports = new Map<string, { readonly message: string; readonly at: number }>();
  return (namespace: string, { secretName, error: { message } }: RefreshFailure): boolean => {
    const key = `${namespace}/${secretName}`;
    const last = reports.get(key);
    if (last?.message === message && now() < last.at + reportAgainMs) return false;
    reports.set(key, { message, at: now() });
    return true;
  };
}
