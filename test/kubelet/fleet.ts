import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { noon } from '../support/context.ts';
import { createCluster, profileOf } from './cluster.ts';
import type { PluginRequest } from './exec-plugin.ts';
import { type FleetCloud, startFleetCloud } from './fleet-cloud.ts';
import { createFleetNode, type FleetNode, type Outcome } from './fleet-node.ts';

interface FleetOptions {
  readonly nodes: number;
  readonly accounts: number;
  /** The difference between the fastest and the slowest clock of the nodes. The clock of IAM is in the middle. */
  readonly clockSpread: number;
}

/** A call of the plugin. */
export interface Call extends Outcome {
  readonly node: number;
  readonly account: number;
  /** By the clock of IAM, in milliseconds since the start of the fleet. */
  readonly at: number;
}

/** The simulated nodes of a cluster, with a simulated clock. */
export interface Fleet {
  readonly cloud: FleetCloud;
  readonly nodes: readonly FleetNode[];
  /** All calls of the plugin so far. */
  readonly calls: readonly Call[];
  /** Starts a pod of an account on a node. Throws if it gets the credential of another account. */
  pull(node: number, account: number): Promise<void>;
  /** Advances all clocks. */
  pass(milliseconds: number): void;
  /** Returns the milliseconds since the start of the fleet. */
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

/** Returns the error of each node's clock, from the slowest to the fastest. */
function clockErrors({ nodes, clockSpread }: FleetOptions): number[] {
  return Array.from(
    { length: nodes },
    (_, index) => clockSpread * (index / (nodes - 1 || 1) - 0.5),
  );
}

function accountIn({ serviceAccountToken }: PluginRequest): number {
  return Number(/\d+$/.exec(String(profileOf(serviceAccountToken)))?.[0]);
}
