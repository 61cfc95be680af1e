import { type Call, startFleet } from '../../test/kubelet/fleet.ts';
import { halfLife, minute, playStory } from '../../test/kubelet/fleet-story.ts';

export interface StoryFigures {
  readonly pluginCalls: number;
  readonly refused: number;
  /** Tokens that IAM gave, and the requests that it answered with 429. */
  readonly granted: number;
  readonly busy: number;
  /** The most tokens that one account on one node was given in any half-life. */
  readonly mostInHalfLife: number;
  /** Milliseconds. */
  readonly slowest: number;
}

/** What test/integration/kubelet-fleet.test.ts asserts, in figures. */
export async function tellStory(size: {
  readonly nodes: number;
  readonly accounts: number;
}): Promise<StoryFigures> {
  const fleet = await startFleet({ ...size, clockSpread: 2 * minute });
  try {
    await playStory(fleet, { ...size, seed: 1 });
    const { calls, cloud } = fleet;
    return {
      pluginCalls: calls.length,
      refused: calls.filter(({ refusal }) => refusal !== undefined).length,
      granted: cloud.requests.count({ status: 200 }),
      busy: cloud.requests.count({ status: 429 }),
      mostInHalfLife: mostInHalfLife(calls),
      slowest: Math.max(...calls.map(({ took }) => took)),
    };
  } finally {
    await fleet.close();
  }
}

function mostInHalfLife(calls: readonly Call[]): number {
  const seen = new Set<string>();
  const times = new Map<string, number[]>();
  for (const { node, account, at, password } of calls) {
    if (password === undefined || seen.has(password)) continue;
    seen.add(password);
    const who = `${node} ${account}`;
    times.set(who, [...(times.get(who) ?? []), at]);
  }
  const counts = [...times.values()].flatMap((granted) =>
    granted.map((from) => granted.filter((at) => at >= from && at < from + halfLife).length),
  );
  return Math.max(...counts);
}
