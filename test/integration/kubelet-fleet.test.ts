import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Call, type Fleet, startFleet } from '../kubelet/fleet.ts';
import { halfLife, minute, playScenario, rebootedNode, renewals } from '../kubelet/fleet-story.ts';

const fleets = suite('a fleet of 10 kubelets with 50 service accounts');

const size = { nodes: 10, accounts: 50 };
/** The second of two equal pulls waits 200 ms for the first: the larger the groups, the fewer of these waits. */
const parallelPulls = 100;

/** Played once; all tests look at what came of it. A pull with another's credential ends it at once. */
let played: Promise<Fleet> | undefined;

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
    played ??= play();
    look(await played);
  });
}

/** When each account on each node was first given each of its tokens. */
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

test("asks the plugin 1,000 times and more, and no pull gets another's credential", ({ calls }) => {
  assert.ok(calls.length >= 1000, `${calls.length} calls`);
  assert.is(grants(calls).size, size.nodes * size.accounts);
});

test('is answered, or told why not', ({ calls }) => {
  const refusals = calls.flatMap(({ refusal }) => refusal ?? []);
  assert.ok(refusals.length > 0, 'IAM was busy for a minute');
  for (const line of refusals) assert.match(line, /^IAM at \S+ answered 429 .*; try again later$/);
});

test('asks IAM for one token an account, node and half-life', ({ calls, cloud }) => {
  const times = grants(calls);
  const granted = cloud.requests.count({ grant: 'cr-token', status: 200 });
  assert.is(granted, [...times.values()].flat().length, 'none was asked for in vain');
  for (const [who, at] of times) {
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    // A reboot takes the cache along.
    const counted = who.startsWith(`node ${rebootedNode},`) ? pauses.slice(1) : pauses;
    for (const pause of counted) {
      assert.ok(pause >= halfLife, `${who} asked again after ${pause / minute} min`);
    }
  }
});

test('that began within a minute is renewed over more than that', ({ calls }) => {
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
