import { type Call, startFleet } from '../../test/kubelet/fleet.ts';
import { halfLife, minute, playScenario } from '../../test/kubelet/fleet-story.ts';

export interface ScenarioFigures {
  readonly pluginCalls: number;
  readonly refused: number;
  /** Access tokens issued by IAM. */
  readonly granted: number;
  readonly busy: number;
  /** The maximum number of tokens for one account on one node within half a lifetime. */
  readonly mostInHalfLife: number;
  readonly slowestMs: number;
}

/** Runs the scenario of test/integration/kubelet-fleet.test.ts and returns its figures. */
export async function runScenario(size: {
  readonly nodes: number;
  readonly accounts: number;
}): Promise<ScenarioFigures> {
  const fleet = await startFleet({ ...size, clockSpread: 2 * minute });
  try {
    await playScenario(fleet, { ...size, seed: 1 });
    const { calls, cloud } = fleet;
    return {
      pluginCalls: calls.length,
      refused: calls.filter(({ refusal }) => refusal !== undefined).length,
      granted: cloud.requests.count({ status: 200 }),
      busy: cloud.requests.count({ status: 429 }),
      mostInHalfLife: mostInHalfLife(calls),
      slowestMs: Math.max(...calls.map(({ took }) => took)),
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
