import { intervalsMs, renewalTime } from '../../src/kubernetes/refreshed-secret.ts';
import { createRandom } from '../../test/kubelet/random.ts';
import type { Load } from './arithmetic.ts';

export interface RefresherClusters {
  readonly clusters: number;
  readonly namespaces: number;
  /** The trusted profiles of each cluster, each for the same number of namespaces. */
  readonly profiles: number;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const observedMs = 6 * hourMs;
/** As in src/kubernetes/shared-tokens.ts. */
const reuseMs = 5 * minuteMs;
const renewals = 4;

/**
 * Calculates the load on IAM of Deployments in many clusters that start within a minute. A peak is the busiest second in the
 * time of one round of renewals.
 */
export function calculateRefresherLoad({
  clusters,
  namespaces,
  profiles,
}: RefresherClusters): Load {
  const random = createRandom(1);
  const seconds = new Map<number, number>();
  let requests = 0;
  for (let profile = 0; profile < clusters * profiles; profile += 1) {
    const startMs = random() * minuteMs;
    const dueAt: number[] = Array.from({ length: namespaces / profiles }, () => startMs);
    let issuedAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      const now = Math.min(...dueAt);
      if (now > observedMs) break;
      if (now >= issuedAt + reuseMs) {
        issuedAt = now;
        requests += 1;
        const second = Math.floor(now / secondMs);
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
      }
      const token = { token: '', issuedAt, expiresAt: issuedAt + hourMs };
      dueAt[dueAt.indexOf(now)] = renewalTime(token, intervalsMs.deployment, random());
    }
  }
  const latest = renewalTime(
    { token: '', issuedAt: 0, expiresAt: hourMs },
    intervalsMs.deployment,
    0,
  );
  const peaks = Array.from({ length: renewals }, (_, index) => {
    const [from, to] = [minuteMs + index * latest, minuteMs + (index + 1) * latest];
    const inRound = [...seconds].filter(([at]) => at * secondMs >= from && at * secondMs < to);
    return Math.max(0, ...inRound.map(([, count]) => count));
  });
  return { peaks, average: requests / (observedMs / secondMs) };
}
