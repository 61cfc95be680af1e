import { renewalTime } from '../../src/iam/cached-token.ts';
import { createRandom } from '../../test/kubelet/random.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

export interface Cluster {
  readonly nodes: number;
  /** Service accounts that pull on each node; 1 if the node pulls with its own identity. */
  readonly accounts: number;
}

export interface Load {
  /** Requests per second to IAM in the busiest second of each of the first four renewals. */
  readonly peaks: readonly number[];
  /** Requests per second to IAM, averaged over six hours. */
  readonly average: number;
}

const start = { durationMs: minuteMs, renewals: 4, observedMs: 6 * hourMs };

/**
 * Calculates the load on IAM of a cluster whose nodes start within a minute and pull with all accounts all the time.
 * This is the maximum, because an unused token is not renewed. `hasJitter`: tokens are renewed as the helper does it;
 * otherwise exactly at half of their lifetime.
 */
export function calculateLoad({ nodes, accounts }: Cluster, hasJitter: boolean): Load {
  const random = createRandom(1);
  const seconds = Array.from({ length: start.renewals }, () => new Map<number, number>());
  let requests = 0;
  for (let index = 0; index < nodes * accounts; index += 1) {
    let at = random() * start.durationMs;
    for (let count = 0; at < start.observedMs; count += 1) {
      requests += 1;
      const renewal = seconds[count - 1];
      const bucket = Math.floor(at / secondMs);
      if (renewal !== undefined) renewal.set(bucket, (renewal.get(bucket) ?? 0) + 1);
      at = nextRenewal(at, hasJitter ? random : undefined);
    }
  }
  return {
    peaks: seconds.map((renewal) => Math.max(0, ...renewal.values())),
    average: requests / (start.observedMs / secondMs),
  };
}

function nextRenewal(issuedAt: number, random: (() => number) | undefined): number {
  const expiresAt = issuedAt + hourMs;
  if (random === undefined) return (issuedAt + expiresAt) / 2;
  return renewalTime({ token: randomToken(random), issuedAt, expiresAt });
}

/** The renewal time depends on the token's text, so random characters give random times. */
export function randomToken(random: () => number): string {
  return Array.from({ length: 6 }, () => String.fromCharCode(65 + random() * 26)).join('');
}
