import { table } from '../bench/table.ts';
import type { Cluster, Load } from './arithmetic.ts';
import type { Times } from './processes.ts';
import type { RefresherFigures, Usage } from './refresher.ts';
import type { RefresherClusters } from './refresher-load.ts';
import type { ScenarioFigures } from './story.ts';

export interface Measured {
  readonly machine: readonly string[];
  readonly size: Cluster;
  readonly scenario: ScenarioFigures;
  readonly concurrency: number;
  readonly processes: { readonly cold: Times; readonly warm: Times; readonly requests: number };
  readonly loads: readonly {
    readonly cluster: Cluster;
    readonly together: Load;
    readonly spread: Load;
  }[];
  readonly refresher: RefresherFigures;
  readonly refresherLoads: readonly { readonly cluster: RefresherClusters; readonly load: Load }[];
}

const thousands = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** Returns the part of docs/fleets.md with the figures. */
export function report({
  machine,
  size,
  scenario,
  concurrency,
  processes,
  loads,
  refresher,
  refresherLoads,
}: Measured): string {
  const { cold, warm, requests } = processes;
  const timed = ({ calls, median, percentile99, longest }: Times) =>
    [calls, median, percentile99, longest].map(thousands);
  return [
    machine.map((line) => `- ${line}`).join('\n'),
    '### Simulated cluster, 75 minutes',
    `${size.nodes} nodes with ${size.accounts} service accounts each, with a simulated clock. The nodes' clocks differ by two minutes.`,
    table(
      ['', 'measured'],
      [
        ['calls of the provider', thousands(scenario.pluginCalls)],
        ["pulls with another account's credential", '0'],
        ['access tokens from IAM', thousands(scenario.granted)],
        [
          'most tokens for one account and node within half a lifetime',
          `${scenario.mostInHalfLife}`,
        ],
        ['requests with response 429', thousands(scenario.busy)],
        ['calls that failed because no valid token was left', thousands(scenario.refused)],
        ['slowest call, ms', thousands(scenario.slowestMs)],
      ],
    ),
    'Two tokens within half a lifetime are those of the node that was restarted: its cache is in memory.',
    '### Whole processes',
    `The executable, ${concurrency} processes in parallel, milliseconds from start to exit. The local IAM simulator received ${thousands(requests)} requests.`,
    table(
      ['', 'calls', 'median', 'p99', 'maximum'],
      [
        ['cache miss', ...timed(cold)],
        ['cache hit', ...timed(warm)],
      ],
    ),
    '### 10,000 nodes',
    'Requests per second at IAM, calculated. All nodes start within one minute, and every account pulls on every node all the time: tokens are renewed only if they are used. A peak is the busiest second of one round of renewals.',
    table(
      ['accounts per node', 'renewal', 'average', '1st peak', '2nd peak', '3rd peak', '4th peak'],
      loads.flatMap(({ cluster, together, spread }) => [
        row(cluster, 'at half of the lifetime', together),
        row(cluster, 'with jitter', spread),
      ]),
    ),
    `### Refresher, ${refresher.namespaces} namespaces`,
    `Simulated Kubernetes and IAM on loopback, with another trusted profile for each of ${refresher.namespaces} namespaces. Memory is the maximum of a CronJob's run, and that of the Deployment at the end.`,
    refresherTable(refresher),
    'Requests per second at IAM, calculated for Deployments in 1,000 clusters that start within one minute. All namespaces with the same profile share its token.',
    table(
      ['profiles per cluster', 'average', '1st peak', '2nd peak', '3rd peak', '4th peak'],
      refresherLoads.map(({ cluster, load: { average, peaks } }) => [
        `${cluster.profiles}`,
        average.toFixed(1),
        ...peaks.map(thousands),
      ]),
    ),
  ].join('\n\n');
}

function row({ accounts }: Cluster, how: string, { average, peaks }: Load): string[] {
  return [`${accounts}`, how, thousands(average), ...peaks.map(thousands)];
}

function refresherTable({ first, second, start, minute }: RefresherFigures): string {
  const columns = [first, second, start, minute];
  const cells = (text: (usage: Usage) => string) => columns.map(text);
  return table(
    ['', '`--once`', 'again, without renewals', 'Deployment, start', 'the next minute'],
    [
      ['requests to the Kubernetes API', ...cells((each) => thousands(each.clusterRequests))],
      ['requests to IAM', ...cells((each) => thousands(each.iamRequests))],
      ['CPU, s', ...cells((each) => each.cpuSeconds.toFixed(1))],
      ['memory, MiB', ...cells((each) => thousands(each.memoryBytes / 1024 ** 2))],
    ],
  );
}
