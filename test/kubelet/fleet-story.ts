import type { Fleet } from './fleet.ts';
import { createRandom } from './random.ts';

export const minute = 60_000;
/** Half of the lifetime of an access token, which is one hour. No token is renewed earlier. */
export const halfLife = 30 * minute;

/** The time of the first renewals: half of a lifetime after the first minute, plus a jitter of at most a tenth. */
export const renewals = { begin: 30 * minute, end: 38 * minute };

/** The node that is rebooted. */
export const rebootedNode = 2;

interface ScenarioOptions {
  readonly nodes: number;
  readonly accounts: number;
  readonly seed: number;
  /** The number of pulls that start in parallel; 25 by default. */
  readonly parallelPulls?: number;
}

type Pull = readonly [node: number, account: number];

/**
 * Simulates 75 minutes of a fleet: all nodes start together, a kubelet restarts, a node reboots while IAM responds with
 * 429 for a minute, IAM is slow, and all tokens are renewed twice.
 */
export async function playScenario(fleet: Fleet, options: ScenarioOptions): Promise<void> {
  const random = createRandom(options.seed);
  const allPulls = shuffled(pairs(options), random);
  const some = (count: number) => shuffled(allPulls, random).slice(0, count);
  const { parallelPulls = 25 } = options;
  const pull = (pulls: readonly Pull[], duration: number, groupSize = parallelPulls) =>
    pullAll(fleet, pulls, duration, groupSize);
  const { faults } = fleet.cloud;

  // All pods of the cluster start within a minute.
  await pull(allPulls, minute);
  passTo(fleet, 10 * minute);
  fleet.nodes[1]?.restart();
  await pull(some(100), minute);

  passTo(fleet, 15 * minute);
  faults.add('iam', { kind: 'status', status: 429, times: 'forever', retryAfter: 60 });
  fleet.nodes[rebootedNode]?.reboot();
  await pull(some(100), minute / 2);
  faults.clear();
  // This time, the 429 response lacks a Retry-After header.
  faults.add('iam', { kind: 'status', status: 429, times: 'forever' });
  await pull(onNode(rebootedNode, some(250)), minute / 2);
  faults.clear();
  await pull(onNode(rebootedNode, allPulls), minute);

  // The first renewals: pods start all the time, and IAM is slow for the first minutes.
  passTo(fleet, renewals.begin);
  faults.add('iam', { kind: 'delay', delayMs: 1000, times: 'forever' });
  for (let turn = 0; turn < 2; turn += 1) await pull(allPulls, minute, 125);
  faults.clear();
  while (fleet.now() < renewals.end) await pull(allPulls, minute);

  // Renewals are due while IAM is throttling: tokens that have not expired are still used.
  passTo(fleet, 71 * minute);
  faults.add('iam', { kind: 'status', status: 429, times: 'forever', retryAfter: 60 });
  await pull(some(100), minute);
  faults.clear();
  await pull(allPulls, 4 * minute);
}

/** Pulls in groups of parallel calls, evenly distributed over `durationMs`. */
async function pullAll(
  fleet: Fleet,
  pulls: readonly Pull[],
  duration: number,
  groupSize: number,
): Promise<void> {
  const groups = Math.ceil(pulls.length / groupSize);
  for (let group = 0; group < groups; group += 1) {
    const now = pulls.slice(group * groupSize, (group + 1) * groupSize);
    // Two containers of a pod are pulled at the same time.
    const twice = now.slice(0, 2);
    await Promise.all([...now, ...twice].map(([node, account]) => fleet.pull(node, account)));
    fleet.pass(duration / groups);
  }
}

function pairs({ nodes, accounts }: ScenarioOptions): Pull[] {
  return Array.from({ length: nodes * accounts }, (_, index) => [
    index % nodes,
    Math.floor(index / nodes),
  ]);
}

function onNode(node: number, all: readonly Pull[]): Pull[] {
  return all.filter(([each]) => each === node);
}

function passTo(fleet: Fleet, time: number): void {
  if (fleet.now() > time)
    throw new Error(`the time of the scenario is ${fleet.now()}, which is after ${time}`);
  fleet.pass(time - fleet.now());
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
