import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Election } from './leader-lease.ts';
import type { LoopControl } from './loop-control.ts';
import type { RefreshMetrics } from './refresh-metrics.ts';

/** The Lease is renewed after this time. */
export const renewLeaseMs = 15_000;
/** A replica that was killed is replaced after this time. */
export const leaseMs = 4 * renewLeaseMs;

/**
 * Runs `work` while this replica is the leader. `work` ends when its signal is aborted: if another replica has taken over the
 * Lease, or it could not be renewed until it is about to expire. Returns after `stop` was aborted and the work has ended.
 */
export async function leadUntilStopped(
  context: Context,
  election: Election,
  metrics: RefreshMetrics,
  { now, random, pause, stop }: LoopControl,
  work: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
  let running: { readonly end: AbortController; readonly ended: Promise<void> } | undefined;
  let renewedAt = 0;
  const begin = () => {
    const end = new AbortController();
    running = { end, ended: work(end.signal) };
    // A bug must end the program at once, not when the work is awaited.
    running.ended.catch(() => end.abort());
  };
  const end = async () => {
    running?.end.abort();
    await running?.ended;
    running = undefined;
  };
  while (!stop.aborted) {
    try {
      if (await election.lead()) {
        renewedAt = now();
        if (running?.end.signal.aborted) await end();
        if (running === undefined && !stop.aborted) begin();
      } else await end();
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      metrics.failed(error.code);
      context.warn(error.message, error.hint);
      if (now() + 2 * renewLeaseMs > renewedAt + leaseMs) await end();
    }
    metrics.leads(running !== undefined);
    metrics.beat('election');
    await pause(renewLeaseMs * (0.8 + random() / 5), stop);
  }
  await end();
  metrics.leads(false);
  await election.release().catch((error) => debug(context, `the Lease was not released: ${error}`));
}
