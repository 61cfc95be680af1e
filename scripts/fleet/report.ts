import { table } from '../bench/table.ts';
import type { Cluster, Load } from './arithmetic.ts';
import type { Times } from './processes.ts';
import type { StoryFigures } from './story.ts';

export interface Measured {
  readonly machine: readonly string[];
  readonly size: Cluster;
  readonly story: StoryFigures;
  readonly atOnce: number;
  readonly processes: { readonly cold: Times; readonly warm: Times; readonly requests: number };
  readonly loads: readonly {
    readonly cluster: Cluster;
    readonly together: Load;
    readonly spread: Load;
  }[];
}

const thousands = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** The part of docs/fleets.md that holds numbers. */
export function report({ machine, size, story, atOnce, processes, loads }: Measured): string {
  const { cold, warm, requests } = processes;
  const timed = ({ calls, median, percentile99, longest }: Times) =>
    [calls, median, percentile99, longest].map(thousands);
  return [
    machine.map((line) => `- ${line}`).join('\n'),
    '### An hour and a quarter, by a clock of its own',
    `${size.nodes} nodes with ${size.accounts} service accounts each; the nodes' clocks differ by two minutes.`,
    table(
      ['', 'measured'],
      [
        ['calls of the plugin', thousands(story.pluginCalls)],
        ["pulls with another account's credential", '0'],
        ['access tokens that IAM gave', thousands(story.granted)],
        ['the most an account and node was given in a half-life', `${story.mostInHalfLife}`],
        ['requests that IAM answered 429', thousands(story.busy)],
        ['calls that had no token left, and said so', thousands(story.refused)],
        ['the slowest call, milliseconds', thousands(story.slowest)],
      ],
    ),
    'Two in a half-life are those of the node that was started anew: its cache is in memory.',
    '### Whole processes',
    `The executable, ${atOnce} at once, milliseconds from before the start to after the end; IAM on loopback saw ${thousands(requests)} requests.`,
    table(
      ['', 'calls', 'median', '99 of 100', 'longest'],
      [
        ['nothing in the cache', ...timed(cold)],
        ['a token in the cache', ...timed(warm)],
      ],
    ),
    '### 10,000 nodes',
    'Requests a second at IAM. The cluster starts within a minute, and every account pulls on every node all the time; what nobody pulls with is not renewed.',
    table(
      ['accounts on a node', 'renewed', 'average', 'busiest 1st', '2nd', '3rd', '4th'],
      loads.flatMap(({ cluster, together, spread }) => [
        row(cluster, 'at half of the life', together),
        row(cluster, 'as here', spread),
      ]),
    ),
  ].join('\n\n');
}

function row({ accounts }: Cluster, how: string, { average, peaks }: Load): string[] {
  return [`${accounts}`, how, thousands(average), ...peaks.map(thousands)];
}
