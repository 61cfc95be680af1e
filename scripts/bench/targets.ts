import { concurrency, iamDelayMs, type SingleFlight } from './flight.ts';
import type { Timing } from './rounds.ts';

/** The measurements with targets. */
export interface Judged {
  /** The first is the empty executable; the others are compared with it. */
  readonly gets: readonly Timing[];
  readonly flight: SingleFlight;
}

/** A target: its name, the measured ratio, and the maximum. */
type Target = readonly [what: string, is: number | undefined, limit: number];

/** Returns one row for each target: name, measured ratio, limit, PASS or over. */
export function judge(measured: Judged): string[][] {
  return targets(measured).map(([what, is, limit]) => {
    if (is === undefined || Number.isNaN(is)) return [what, '', limit.toFixed(2), 'not measured'];
    return [what, is.toFixed(2), limit.toFixed(2), is <= limit ? 'PASS' : 'over'];
  });
}

function targets({ gets, flight }: Judged): Target[] {
  const named = (name: string) => gets.find(({ program }) => program.name === name);
  const empty = named('empty executable');
  const get = named('get, stored credential');
  const bearer = named('get, cached access token');
  const kubelet = named('kubelet, stored credential');
  const [status, help] = [named('status'), named('login --help')];
  const ecr = named('docker-credential-ecr-login list');
  const allAtOnce = iamDelayMs + concurrency * (get?.median ?? Number.NaN);
  return [
    ['`get` / empty executable, medians', times(get, empty, 'median'), 1.3],
    ['`get` / `docker-credential-ecr-login list`, medians', times(get, ecr, 'median'), 0.7],
    ['memory of `get` / of the empty executable', times(get, empty, 'memory'), 1.35],
    ['`get` of a cached access token / of a stored credential', times(bearer, get, 'median'), 1.15],
    ['`kubelet` / `get` of a stored credential, medians', times(kubelet, get, 'median'), 2],
    ['`status` / empty executable, medians', times(status, empty, 'median'), 5],
    ['`login --help` / empty executable, medians', times(help, empty, 'median'), 5],
    [
      `${concurrency} parallel \`get\` calls, empty cache / (${iamDelayMs} ms + ${concurrency} × \`get\`)`,
      flight.median / allAtOnce,
      1,
    ],
    ['requests to IAM for all of them', flight.requests, 1],
  ];
}

function times(
  one: Timing | undefined,
  other: Timing | undefined,
  of: 'median' | 'memory',
): number | undefined {
  const [dividend, divisor] = [one?.[of], other?.[of]];
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}
