import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Call, type Fleet, startFleet } from '../kubelet/fleet.ts';
import { halfLife, minute, playScenario, rebootedNode, renewals } from '../kubelet/fleet-story.ts';

const fleets = suite('fleet of 10 kubelets with 50 service accounts');

const size = { nodes: 10, accounts: 50 };
/** The second of two equal pulls waits 200 ms for the first: the larger the groups, the fewer of these waits. */
const parallelPulls = 100;

/** Simulated once; all tests check the result. A pull with another account's credential fails it immediately. */
let simulated: Promise<Fleet> | undefined;

async function play(): Promise<Fleet> {
  const fleet = await startFleet({ ...size, clockSpread: 2 * minute });
  try {
    await playScenario(fleet, { ...size, seed: 1, parallelPulls });
    return fleet;
  } finally {
    await fleet.close();
  }
}

function test(name: string, look: (fleet: Fleet) => void): void {
  fleets(name, async () => {
    simulated ??= play();
    look(await simulated);
  });
}

/** Returns the times at which each account on each node first received each token. */
function grants(calls: readonly Call[]): Map<string, number[]> {
  const owners = new Map<string, string>();
  const times = new Map<string, number[]>();
  for (const { node, account, at, password } of calls) {
    if (password === undefined) continue;
    const who = `node ${node}, account ${account}`;
    const owner = owners.get(password);
    assert.ok(owner === undefined || owner === who, `${who} has the token of ${owner}`);
    if (owner === undefined) times.set(who, [...(times.get(who) ?? []), at]);
    owners.set(password, who);
  }
  return times;
}

test("calls the plugin at least 1,000 times, and no pull gets another account's credential", ({
  calls,
}) => {
  assert.ok(calls.length >= 1000, `${calls.length} calls`);
  assert.is(grants(calls).size, size.nodes * size.accounts);
});

test('every call returns a credential or an error message', ({ calls }) => {
  const refusals = calls.flatMap(({ refusal }) => refusal ?? []);
  assert.ok(refusals.length > 0, 'IAM was busy for a minute');
  for (const line of refusals) assert.match(line, /^IAM at \S+ answered 429/);
});

test('requests one token per account, node and half-life from IAM', ({ calls, cloud }) => {
  const times = grants(calls);
  const granted = cloud.requests.count({ grant: 'cr-token', status: 200 });
  assert.is(granted, [...times.values()].flat().length, 'no token was requested without use');
  for (const [who, at] of times) {
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    // A reboot deletes the cache.
    const counted = who.startsWith(`node ${rebootedNode},`) ? pauses.slice(1) : pauses;
    for (const pause of counted) {
      assert.ok(pause >= halfLife, `${who} asked again after ${pause / minute} min`);
    }
  }
});

test('spreads the renewals of tokens that were requested in the same minute', ({ calls }) => {
  const all = [...grants(calls).values()].flat();
  const renewed = all.filter((time) => time >= renewals.begin && time < renewals.end);
  assert.ok(renewed.length > size.nodes * size.accounts * 0.8, `${renewed.length} renewals`);
  const minutes = new Map<number, number>();
  for (const time of renewed) {
    const at = Math.floor(time / minute);
    minutes.set(at, (minutes.get(at) ?? 0) + 1);
  }
  const busiest = Math.max(...minutes.values());
  assert.ok(busiest < renewed.length / 3, `${busiest} of ${renewed.length} in one minute`);
});

fleets.run();
