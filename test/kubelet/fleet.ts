import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { noon } from '../support/context.ts';
import { createCluster, profileOf } from './cluster.ts';
import type { PluginRequest } from './exec-plugin.ts';
import { type FleetCloud, startFleetCloud } from './fleet-cloud.ts';
import { createFleetNode, type FleetNode, type Outcome } from './fleet-node.ts';

export interface FleetOptions {
  readonly nodes: number;
  readonly accounts: number;
  /** Milliseconds between the slowest and the fastest of the nodes' clocks; IAM's is in the middle. */
  readonly clockSpread: number;
}

/** One call of the plugin. */
export interface Call extends Outcome {
  readonly node: number;
  readonly account: number;
  /** Milliseconds since the fleet started, by IAM's clock. */
  readonly at: number;
}

/** The nodes of a cluster on this machine, with a time of their own. */
export interface Fleet {
  readonly cloud: FleetCloud;
  readonly nodes: readonly FleetNode[];
  /** Every call of the plugin until now. */
  readonly calls: readonly Call[];
  /** A pod of that account starts on that node. Throws where it gets another account's credential. */
  pull(node: number, account: number): Promise<void>;
  /** Moves everybody's time, in milliseconds. */
  pass(milliseconds: number): void;
  /** Milliseconds since the fleet started. */
  now(): number;
  close(): Promise<void>;
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  let time = noon;
  const clock = () => time;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-fleet-'));
  const cloud = await startFleetCloud(clock);
  const cluster = createCluster(cloud, clock);
  const calls: Call[] = [];
  const nodes = clockErrors(options).map((error, node) =>
    createFleetNode({
      cache: path.join(folder, `node-${node}`),
      clock: () => time + error,
      iamUrl: cloud.iamUrl,
      apiServer: cluster.apiServer,
      record: (request, outcome) =>
        calls.push({ node, account: accountIn(request), at: time - noon, ...outcome }),
    }),
  );
  const accounts = Array.from({ length: options.accounts }, (_, index) => {
    const profile = cluster.addProfile(`fleet:account-${index}`);
    return { profile, pod: cluster.addPod(`fleet:account-${index}`, profile) };
  });
  return {
    cloud,
    nodes,
    calls,
    async pull(node, account) {
      const { pod, profile } = accounts[account] ?? {};
      const credentials = await nodes[node]?.kubelet.credentials('us.icr.io/ns/image', pod);
      for (const { password } of credentials ?? []) {
        const got = profileOf(password);
        if (got !== profile) throw new Error(`account ${account} pulls as ${got}, not ${profile}`);
      }
    },
    pass: (milliseconds) => {
      time += milliseconds;
    },
    now: () => time - noon,
    async close() {
      await cloud.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** From the slowest to the fastest, evenly. */
function clockErrors({ nodes, clockSpread }: FleetOptions): number[] {
  return Array.from(
    { length: nodes },
    (_, index) => clockSpread * (index / (nodes - 1 || 1) - 0.5),
  );
}

function accountIn({ serviceAccountToken }: PluginRequest): number {
  return Number(/\d+$/.exec(String(profileOf(serviceAccountToken)))?.[0]);
}
