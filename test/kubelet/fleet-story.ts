import type { Fleet } from './fleet.ts';
import { createRandom } from './random.ts';

export const minute = 60_000;
/** An access token lives an hour; nobody needs another one before half of it. */
export const halfLife = 30 * minute;

/** When everybody's first token is renewed: half of its life after the first minute, and a tenth later at most. */
export const renewals = { begin: 30 * minute, end: 38 * minute };

/** The one whose machine is started anew. */
export const rebootedNode = 2;

export interface StoryOptions {
  readonly nodes: number;
  readonly accounts: number;
  readonly seed: number;
  /** How many pulls start at once; 25 by default. */
  readonly together?: number;
}

type Pull = readonly [node: number, account: number];

/**
 * An hour and a quarter of a fleet: all start together, a kubelet restarts, a node reboots while IAM answers 429
 * for a minute, IAM is slow, and all tokens are renewed twice.
 */
export async function playStory(fleet: Fleet, options: StoryOptions): Promise<void> {
  const random = createRandom(options.seed);
  const everybody = shuffled(pairs(options), random);
  const some = (count: number) => shuffled(everybody, random).slice(0, count);
  const { together = 25 } = options;
  const pull = (pulls: readonly Pull[], duration: number, groupSize = together) =>
    pullAll(fleet, pulls, duration, groupSize);
  const { faults } = fleet.cloud;

  // Every pod of the cluster starts within a minute.
  await pull(everybody, minute);
  passTo(fleet, 10 * minute);
  fleet.nodes[1]?.restart();
  await pull(some(100), minute);

  passTo(fleet, 15 * minute);
  faults.add('iam', { kind: 'status', status: 429, times: 'forever', retryAfter: 60 });
  fleet.nodes[rebootedNode]?.reboot();
  await pull(some(100), minute / 2);
  faults.clear();
  // Another time IAM does not say for how long.
  faults.add('iam', { kind: 'status', status: 429, times: 'forever' });
  await pull(onNode(rebootedNode, some(250)), minute / 2);
  faults.clear();
  await pull(onNode(rebootedNode, everybody), minute);

  // The first renewals, with pods that start all the time, and an IAM that is slow for the first minutes.
  passTo(fleet, renewals.begin);
  faults.add('iam', { kind: 'delay', delayMs: 1000, times: 'forever' });
  for (let turn = 0; turn < 2; turn += 1) await pull(everybody, minute, 125);
  faults.clear();
  while (fleet.now() < renewals.end) await pull(everybody, minute);

  // Due for renewal while IAM is busy: what has not ended goes on being served.
  passTo(fleet, 71 * minute);
  faults.add('iam', { kind: 'status', status: 429, times: 'forever', retryAfter: 60 });
  await pull(some(100), minute);
  faults.clear();
  await pull(everybody, 4 * minute);
}

/** The pulls in groups of so many as a machine can do at once, evenly over `duration` milliseconds. */
async function pullAll(
  fleet: Fleet,
  pulls: readonly Pull[],
  duration: number,
  together: number,
): Promise<void> {
  const groups = Math.ceil(pulls.length / together);
  for (let group = 0; group < groups; group += 1) {
    const now = pulls.slice(group * together, (group + 1) * together);
    // Two containers of a pod are pulled for at once.
    const twice = now.slice(0, 2);
    await Promise.all([...now, ...twice].map(([node, account]) => fleet.pull(node, account)));
    fleet.pass(duration / groups);
  }
}

function pairs({ nodes, accounts }: StoryOptions): Pull[] {
  return Array.from({ length: nodes * accounts }, (_, index) => [
    index % nodes,
    Math.floor(index / nodes),
  ]);
}

function onNode(node: number, all: readonly Pull[]): Pull[] {
  return all.filter(([each]) => each === node);
}

function passTo(fleet: Fleet, time: number): void {
  if (fleet.now() > time) throw new Error(`the story is at ${fleet.now()} already, past ${time}`);
  fleet.pass(time - fleet.now());
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
