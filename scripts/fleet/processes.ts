import { createCluster, profileOf } from '../../test/kubelet/cluster.ts';
import { type Node, onNode, type StartOptions, tokenAttributes } from '../../test/kubelet/node.ts';
import { startSandbox } from '../../test/sandbox/sandbox.ts';

interface ProcessOptions {
  readonly folder: string;
  readonly nodes: number;
  readonly accounts: number;
  /** The number of parallel processes, as several pods start at the same time. */
  readonly concurrency: number;
}

/** Process times in milliseconds, from start to exit. */
export interface Times {
  readonly calls: number;
  readonly median: number;
  readonly percentile99: number;
  readonly longest: number;
}

/**
 * Calls the executable as kubelets do: once for each account on each node with an empty cache, and once more with
 * kubelets that have just started. Throws if a pod gets the credential of another account, or none.
 */
export async function timeProcesses(
  options: ProcessOptions,
): Promise<{ readonly cold: Times; readonly warm: Times; readonly requests: number }> {
  const sandbox = await startSandbox({ folder: options.folder });
  const cluster = createCluster(sandbox);
  const { apiServer } = cluster;
  const pods = Array.from({ length: options.accounts }, (_, index) => {
    const profile = cluster.addProfile(`fleet:account-${index}`);
    return { profile, pod: cluster.addPod(`fleet:account-${index}`, profile) };
  });
  const start: StartOptions = { args: ['--service-accounts'], apiServer, tokenAttributes };
  try {
    return await withNodes(sandbox, options.nodes, async (nodes) => {
      const round = async (): Promise<Times> => {
        const kubelets = nodes.map((node) => node.start(start));
        const calls = pods.flatMap(({ pod, profile }) =>
          kubelets.map((kubelet) => async () => {
            const [found] = await kubelet.credentials('us.icr.io/ns/image', pod);
            if (profileOf(found?.password) !== profile) throw new Error(kubelet.log.join());
          }),
        );
        return timesOf(await timeAll(calls, options.concurrency));
      };
      const cold = await round();
      const warm = await round();
      return { cold, warm, requests: sandbox.requests.count({ service: 'iam' }) };
    });
  } finally {
    await sandbox.close();
  }
}

type Cloud = Parameters<typeof onNode>[0];

/** Calls `use` with `count` nodes, each with its own directory. The directories are removed at the end. */
async function withNodes<Value>(
  cloud: Cloud,
  count: number,
  use: (nodes: readonly Node[]) => Promise<Value>,
  nodes: readonly Node[] = [],
): Promise<Value> {
  if (nodes.length === count) return await use(nodes);
  let value: Value | undefined;
  await onNode(cloud, async (node) => {
    value = await withNodes(cloud, count, use, [...nodes, node]);
  });
  return value as Value;
}

async function timeAll(
  calls: readonly (() => Promise<void>)[],
  concurrency: number,
): Promise<number[]> {
  const waiting = [...calls];
  const times: number[] = [];
  const work = async () => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      const began = performance.now();
      await call();
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return times;
}

function timesOf(times: readonly number[]): Times {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { calls: sorted.length, median: at(0.5), percentile99: at(0.99), longest: at(1) };
}
