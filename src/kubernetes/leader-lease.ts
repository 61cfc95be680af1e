import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isObject, type JsonObject, parseObject } from '../json-object.ts';
import { type ClusterApi, fieldManager, refusal } from './cluster-api.ts';
import type { LoopControl } from './loop-control.ts';
import type { RefreshMetrics } from './refresh-metrics.ts';

interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** The name of this replica. Two processes must not have the same one. */
  readonly holder: string;
  readonly durationMs: number;
}

export interface Election {
  /** Acquires or renews the Lease. Returns false if another replica holds it. Throws `refused` or `unreachable`. */
  readonly lead: () => Promise<boolean>;
  /** Lets another replica acquire the Lease at once. */
  readonly release: () => Promise<void>;
}

interface Lease {
  readonly version: string;
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
}

/**
 * Leader election by a Lease, which is created again if it was deleted. A Lease has expired if it did not change for its duration by the clock of
 * this replica, as in client-go: the clocks of the replicas may differ. For a short time there may be two leaders; they
 * make the same changes.
 */
export function createElection(
  api: ClusterApi,
  now: () => number,
  options: LeaseOptions,
): Election {
  const { namespace, name, holder, durationMs } = options;
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
  let observed = { version: '', at: 0 };
  let isHolder = false;

  const read = async (): Promise<Lease> => {
    let answer = await api({ method: 'GET', path });
    if (answer.status === 404) answer = await create();
    if (answer.status < 200 || answer.status > 299) {
      throw refusal(answer, `to return the Lease ${name}`);
    }
    return leaseIn(parseObject(answer.text) ?? {}, durationMs);
  };
  /** Server-side apply, because its right to create is limited to this name. Of two replicas, one changes it afterwards. */
  const create = () => {
    const metadata = { name, namespace };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
    return api({ method: 'PATCH', patch: 'apply', path, query: { fieldManager }, body });
  };
  const write = (lease: Lease, spec: object) =>
    api({
      method: 'PATCH',
      patch: 'merge',
      path,
      body: { metadata: { resourceVersion: lease.version }, spec },
    });

  return {
    lead: async () => {
      const lease = await read();
      isHolder = lease.holder === holder;
      if (lease.version !== observed.version) observed = { version: lease.version, at: now() };
      const isHeld = lease.holder !== '' && lease.holder !== holder;
      if (isHeld && now() < observed.at + lease.durationMs) return false;
      const time = microTime(now());
      const isNew = !isHolder;
      // Also if the response is lost.
      isHolder = true;
      const answer = await write(lease, {
        holderIdentity: holder,
        leaseDurationSeconds: durationMs / 1000,
        renewTime: time,
        ...(isNew ? { acquireTime: time, leaseTransitions: lease.transitions + 1 } : {}),
      });
      // Another replica was faster, or the response to the first attempt was lost.
      if (answer.status === 409) {
        isHolder = (await read()).holder === holder;
        return isHolder;
      }
      if (answer.status !== 200) throw refusal(answer, `to change the Lease ${name}`);
      return true;
    },
    release: async () => {
      if (!isHolder) return;
      const lease = await read();
      if (lease.holder === holder) await write(lease, { holderIdentity: '' });
    },
  };
}

function leaseIn({ metadata, spec }: JsonObject, usualMs: number): Lease {
  const { resourceVersion } = isObject(metadata) ? metadata : {};
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = isObject(spec) ? spec : {};
  return {
    version: String(resourceVersion),
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : usualMs,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
  };
}

/** The API server requires six digits for fractions of a second. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace(/Z$/, '000Z');
}

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
