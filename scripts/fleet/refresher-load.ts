import { intervalsMs, renewalTime } from '../../src/kubernetes/refreshed-secret.ts';
import { createRandom } from '../../test/kubelet/random.ts';
import { type Load, randomToken } from './arithmetic.ts';

export interface RefresherClusters {
  readonly clusters: number;
  /** The different trusted profiles in each cluster. */
  readonly profiles: number;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const observedMs = 6 * hourMs;
const renewals = 4;

/**
 * Calculates the load on IAM of Deployments in many clusters that start within a minute. All namespaces with the same profile
 * share its token. A peak is the busiest second of one round of renewals.
 */
export function calculateRefresherLoad({ clusters, profiles }: RefresherClusters): Load {
  const random = createRandom(1);
  const seconds = Array.from({ length: renewals }, () => new Map<number, number>());
  let requests = 0;
  for (let index = 0; index < clusters * profiles; index += 1) {
    let at = random() * minuteMs;
    for (let count = 0; at < observedMs; count += 1) {
      requests += 1;
      const renewal = seconds[count - 1];
      const second = Math.floor(at / secondMs);
      if (renewal !== undefined) renewal.set(second, (renewal.get(second) ?? 0) + 1);
      const token = { token: randomToken(random), issuedAt: at, expiresAt: at + hourMs };
      at = renewalTime(token, intervalsMs.deployment);
    }
  }
  return {
    peaks: seconds.map((renewal) => Math.max(0, ...renewal.values())),
    average: requests / (observedMs / secondMs),
  };
}
