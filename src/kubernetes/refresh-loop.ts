import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Election } from './leader-lease.ts';
import type { RefreshMetrics } from './refresh-metrics.ts';
import { refreshNamespaces } from './refresh-namespaces.ts';
import type { Cluster, RefreshOptions } from './renew-secret.ts';

/** A new namespace has its Secret after this time. */
export const roundMs = 60_000;
/** A replica that was killed is replaced after this time. */
export const leaseMs = 3 * roundMs;

interface LoopOptions {
  readonly election: Election;
  readonly metrics: RefreshMetrics;
  /** Waits, or returns at once if `stop` is aborted. */
  readonly pause: (milliseconds: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
}

/**
 * Renews the Secrets in rounds while this replica is the leader. A failed round is reported, and repeated like any other.
 * Returns after `stop` was aborted and the running requests have ended.
 */
export async function refreshInRounds(
  context: Context,
  cluster: Cluster,
  options: RefreshOptions,
  { election, metrics, pause, stop }: LoopOptions,
): Promise<void> {
  const { random = Math.random } = cluster;
  const watched: Cluster = { ...cluster, stop, failed: ({ code }) => metrics.failed(code) };
  const round = async () => {
    try {
      const isLeader = await election.lead();
      if (isLeader) metrics.finished(true, await refreshNamespaces(context, watched, options));
      else metrics.finished(false);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      metrics.failed(error.code);
      metrics.finished(false);
      context.warn(error.message, error.hint);
    }
  };
  while (!stop.aborted) {
    await round();
    // Replicas and clusters that started together do not stay together.
    await pause(roundMs * (0.9 + random() / 5), stop);
  }
  await election.release().catch((error) => debug(context, `the Lease was not released: ${error}`));
}
