/**
 * Simulates a fleet of kubelets on this machine, calculates the load of a large one on IAM, prints the results and
 * writes them into docs/fleets.md, between the marks.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describeMachine } from './bench/machine.ts';
import { buildExecutable, executable } from './build.ts';
import { calculateLoad } from './fleet/arithmetic.ts';
import { timeProcesses } from './fleet/processes.ts';
import { measureRefresher } from './fleet/refresher.ts';
import { calculateRefresherLoad } from './fleet/refresher-load.ts';
import { type Measured, report } from './fleet/report.ts';
import { runScenario } from './fleet/story.ts';

const file = path.join(path.dirname(import.meta.dirname), 'docs', 'fleets.md');
const marks = /(<!-- figures: written by make fleet -->\n)[\s\S]*(<!-- end of figures -->)/;
const size = { nodes: 10, accounts: 50 };
const concurrency = 8;
const refresherNamespaces = 500;
const refresherClusters = [1, 50].map((profiles) => ({ clusters: 1000, profiles }));
const large = [1, 50].map((accounts) => ({ nodes: 10_000, accounts }));

async function measure(folder: string): Promise<Measured> {
  return {
    // The versions of other helpers are not relevant here.
    machine: describeMachine().slice(0, 3),
    size,
    scenario: await runScenario(size),
    concurrency,
    processes: await timeProcesses({ folder, ...size, concurrency }),
    loads: large.map((cluster) => ({
      cluster,
      together: calculateLoad(cluster, false),
      spread: calculateLoad(cluster, true),
    })),
    refresher: await measureRefresher(
      fs.mkdtempSync(path.join(folder, 'refresher-')),
      executable,
      refresherNamespaces,
    ),
    refresherLoads: refresherClusters.map((cluster) => ({
      cluster,
      load: calculateRefresherLoad(cluster),
    })),
  };
}

const page = fs.readFileSync(file, 'utf8');
if (!marks.test(page)) throw new Error(`${file} has no marks`);
buildExecutable();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-fleet-'));
try {
  const text = report(await measure(folder));
  fs.writeFileSync(
    file,
    page.replace(marks, (_, begin, end) => `${begin}\n${text}\n\n${end}`),
  );
  console.log(text);
} finally {
  fs.rmSync(folder, { recursive: true });
}
