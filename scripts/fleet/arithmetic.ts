import { renewalTime } from '../../src/iam/cached-token.ts';
import { createRandom } from '../../test/kubelet/random.ts';

/** Milliseconds. */
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

export interface Cluster {
  readonly nodes: number;
  /** Service accounts that pull on every node; 1 where the node pulls with its own identity. */
  readonly accounts: number;
}

export interface Load {
  /** Requests a second at IAM in the busiest second of the first four renewals. */
  readonly peaks: readonly number[];
  /** The same, averaged over six hours. */
  readonly average: number;
}

const start = { duration: minute, renewals: 4, observed: 6 * hour };

/**
 * What IAM sees of a cluster that starts within a minute and pulls with every account on every node all the time: the
 * worst there is, since a token that nobody pulls with is not renewed. `isSpread`: as this program renews; else at
 * half of the life, on the dot.
 */
export function loadOf({ nodes, accounts }: Cluster, isSpread: boolean): Load {
  const random = createRandom(1);
  const seconds = Array.from({ length: start.renewals }, () => new Map<number, number>());
  let requests = 0;
  for (let index = 0; index < nodes * accounts; index += 1) {
    let at = random() * start.duration;
    for (let count = 0; at < start.observed; count += 1) {
      requests += 1;
      const renewal = seconds[count - 1];
      const bucket = Math.floor(at / second);
      if (renewal !== undefined) renewal.set(bucket, (renewal.get(bucket) ?? 0) + 1);
      at = nextRenewal(at, isSpread ? random : undefined);
    }
  }
  return {
    peaks: seconds.map((renewal) => Math.max(0, ...renewal.values())),
    average: requests / (start.observed / second),
  };
}

function nextRenewal(issuedAt: number, random: (() => number) | undefined): number {
  const expiresAt = issuedAt + hour;
  if (random === undefined) return (issuedAt + expiresAt) / 2;
  // A token's letters are as good as random; so are these.
  const letters = Array.from({ length: 6 }, () => String.fromCharCode(65 + random() * 26));
  return renewalTime({ token: letters.join(''), issuedAt, expiresAt });
}
