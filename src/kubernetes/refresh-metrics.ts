import type { ErrorCode } from '../errors.ts';
import type { Page } from '../http/text-server.ts';
import type { RefreshResult } from './refresh-namespaces.ts';

/** Prometheus metrics and the state of the refresher. They contain numbers and error codes only. */
export interface RefreshMetrics {
  /** A round has ended, as leader or not. */
  readonly finished: (isLeader: boolean, result?: RefreshResult) => void;
  readonly failed: (code: ErrorCode) => void;
  readonly pages: Readonly<Record<'/metrics' | '/healthz', () => Page>>;
}

/** A round takes less, also if the API server is slow. */
const maxRoundMs = 10 * 60_000;

export function createMetrics(now: () => number): RefreshMetrics {
  let isLeader = false;
  let finishedAt = now();
  let last: RefreshResult = { renewed: 0, unchanged: 0, failed: 0 };
  let renewed = 0;
  const failures = new Map<ErrorCode, number>();
  return {
    finished: (leads, result) => {
      isLeader = leads;
      finishedAt = now();
      if (result === undefined) return;
      last = result;
      renewed += result.renewed;
    },
    failed: (code) => void failures.set(code, (failures.get(code) ?? 0) + 1),
    pages: {
      '/healthz': () =>
        now() - finishedAt < maxRoundMs
          ? { status: 200, text: 'ok\n' }
          : { status: 503, text: 'no round has finished for ten minutes\n' },
      '/metrics': () => ({
        status: 200,
        text: [
          ...metric('leader', 'gauge', '1 if this replica is the leader', { '': Number(isLeader) }),
          ...metric('last_round_timestamp_seconds', 'gauge', 'end of the last round', {
            '': finishedAt / 1000,
          }),
          ...metric('namespaces', 'gauge', 'selected namespaces in the last round as leader', {
            '{outcome="ok"}': last.renewed + last.unchanged,
            '{outcome="failed"}': last.failed,
          }),
          ...metric('renewals_total', 'counter', 'renewed Secrets', { '': renewed }),
          ...metric(
            'failures_total',
            'counter',
            'failures by reason',
            Object.fromEntries([...failures].map(([code, count]) => [`{code="${code}"}`, count])),
          ),
          '',
        ].join('\n'),
      }),
    },
  };
}

function metric(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: Readonly<Record<string, number>>,
): string[] {
  const full = `icr_refresher_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...Object.entries(values).map(([labels, value]) => `${full}${labels} ${value}`),
  ];
}
