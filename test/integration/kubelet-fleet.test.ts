import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Call, startFleet } from '../kubelet/fleet.ts';
import { halfLife, minute, playStory } from '../kubelet/fleet-story.ts';

const fleets = suite('a fleet of kubelets');

const size = { nodes: 10, accounts: 50 };
/** Milliseconds. */
const clockSpread = 2 * minute;

/** When each account on each node was first given each of its tokens. */
function grants(calls: readonly Call[]): Map<string, number[]> {
  const seen = new Map<string, string>();
  const times = new Map<string, number[]>();
  for (const { node, account, at, password } of calls) {
    if (password === undefined) continue;
    const who = `node ${node}, account ${account}`;
    const before = seen.get(password);
    assert.ok(before === undefined || before === who, `${who} has the token of ${before}`);
    if (before === undefined) times.set(who, [...(times.get(who) ?? []), at]);
    seen.set(password, who);
  }
  return times;
}

fleets(
  "no pull gets another account's credential, and IAM is asked once in a half-life",
  async () => {
    const fleet = await startFleet({ ...size, clockSpread });
    try {
      await playStory(fleet, { ...size, seed: 1 });
      const { calls, cloud } = fleet;
      assert.ok(calls.length >= 1000, `${calls.length} calls`);

      const slowest = Math.max(...calls.map(({ took }) => took));
      assert.ok(slowest < 10_000, `${slowest} ms`);
      const refusals = calls.flatMap(({ refusal }) => refusal ?? []);
      assert.ok(refusals.length > 0, 'the story has an IAM that refuses');
      for (const line of refusals)
        assert.match(line, /^IAM at \S+ answered 429 .*; try again later$/);

      const times = grants(calls);
      assert.is(times.size, size.nodes * size.accounts);
      const all = [...times.values()].flat().length;
      assert.is(
        cloud.requests.count({ grant: 'cr-token', status: 200 }),
        all,
        'none was thrown away',
      );
      const rebooted = /^node 2,/;
      for (const [who, granted] of times) {
        const pauses = granted.slice(1).map((time, index) => time - (granted[index] ?? 0));
        const shortest = Math.min(...(rebooted.test(who) ? pauses.slice(1) : pauses), halfLife);
        assert.ok(shortest >= halfLife, `${who} asked IAM after ${shortest / minute} min`);
      }
    } finally {
      await fleet.close();
    }
  },
);

fleets.run();
