import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';

interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** The name of this replica. */
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
 * Leader election by a Lease that exists already. A Lease has expired if it did not change for its duration by the clock of
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
  let isLeader = false;

  const read = async (): Promise<Lease> => {
    const answer = await api({ method: 'GET', path });
    if (answer.status !== 200) throw refusal(answer, `to return the Lease ${name}`);
    return leaseIn(parseObject(answer.text) ?? {});
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
      isLeader = false;
      const lease = await read();
      if (lease.version !== observed.version) observed = { version: lease.version, at: now() };
      const isHeld = lease.holder !== '' && lease.holder !== holder;
      if (isHeld && now() < observed.at + lease.durationMs) return false;
      const time = microTime(now());
      const isNew = lease.holder !== holder;
      const answer = await write(lease, {
        holderIdentity: holder,
        leaseDurationSeconds: durationMs / 1000,
        renewTime: time,
        ...(isNew ? { acquireTime: time, leaseTransitions: lease.transitions + 1 } : {}),
      });
      // Another replica was faster.
      if (answer.status === 409) return false;
      if (answer.status !== 200) throw refusal(answer, `to change the Lease ${name}`);
      isLeader = true;
      return true;
    },
    release: async () => {
      if (!isLeader) return;
      const lease = await read();
      if (lease.holder === holder) await write(lease, { holderIdentity: '' });
    },
  };
}

function leaseIn({ metadata, spec }: Readonly<Record<string, unknown>>): Lease {
  const { resourceVersion } = isObject(metadata) ? metadata : {};
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = isObject(spec) ? spec : {};
  return {
    version: String(resourceVersion),
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : 0,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
  };
}

/** The API server requires six digits for fractions of a second. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace(/Z$/, '000Z');
}
