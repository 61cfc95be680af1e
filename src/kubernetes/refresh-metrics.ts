import type { ErrorCode } from '../errors.ts';
import type { Page } from '../http/local-server.ts';
import type { Refreshed } from './refresh-namespace.ts';
import type { Cluster } from './renew-secret.ts';

/** The loops of the refresher. */
type Loop = 'election' | 'renewals';

/** Prometheus metrics and the state of the refresher. They contain numbers and error codes only. */
export interface RefreshMetrics {
  /** A loop runs; it calls this at least once a minute. */
  readonly beat: (loop: Loop) => void;
  readonly leads: (isLeader: boolean) => void;
  readonly refreshed: (namespace: string, results: readonly Refreshed[]) => void;
  readonly seen: NonNullable<Cluster['seen']>;
  readonly removed: (namespace: string) => void;
  readonly failed: (code: ErrorCode) => void;
  readonly pages: Readonly<Record<'/metrics' | '/healthz', () => Page>>;
}

/** Slow requests delay a loop by less. */
const maxSilenceMs = 5 * 60_000;

export function createMetrics(now: () => number): RefreshMetrics {
  let isLeader = false;
  let renewed = 0;
  const beats = new Map<Loop, number>([['election', now()]]);
  const failures = new Map<ErrorCode, number>();
  /** Whether the last attempt failed, by namespace. */
  const outcomes = new Map<string, boolean>();
  /** Expiry of the token in each Secret, by namespace and name. */
  const expiries = new Map<string, Map<string, number>>();
  const count = (code: ErrorCode) => void failures.set(code, (failures.get(code) ?? 0) + 1);
  const forget = (namespace: string) => {
    outcomes.delete(namespace);
    expiries.delete(namespace);
  };

  const metrics = (): string[] => {
    const failing = [...outcomes.values()].filter((isFailing) => isFailing).length;
    const known = [...expiries.values()].flatMap((secrets) => [...secrets.values()]);
    return [
      ...metric('leader', 'gauge', '1 if this replica is the leader', { '': Number(isLeader) }),
      ...metric('namespaces', 'gauge', 'selected namespaces by outcome of the last attempt', {
        '{outcome="ok"}': outcomes.size - failing,
        '{outcome="failed"}': failing,
      }),
      ...metric(
        'earliest_expiry_timestamp_seconds',
        'gauge',
        'expiry of the token that expires first',
        known.length === 0 ? {} : { '': known.reduce((a, b) => Math.min(a, b)) / 1000 },
      ),
      ...metric('renewals_total', 'counter', 'renewed Secrets', { '': renewed }),
      ...metric(
        'failures_total',
        'counter',
        'failures by reason',
        Object.fromEntries([...failures].map(([code, number]) => [`{code="${code}"}`, number])),
      ),
      '',
    ];
  };
  return {
    beat: (loop) => void beats.set(loop, now()),
    leads: (leads) => {
      isLeader = leads;
      if (leads) return;
      beats.delete('renewals');
      for (const namespace of [...outcomes.keys(), ...expiries.keys()]) forget(namespace);
    },
    refreshed: (namespace, results) => {
      const failed = results.filter((result) => result.outcome === 'failed');
      for (const { error } of failed) count(error.code);
      renewed += results.filter(({ outcome }) => outcome === 'renewed').length;
      outcomes.set(namespace, failed.length > 0);
    },
    seen: ({ namespace, name }, expiresAt) => {
      if (Number.isNaN(expiresAt)) return;
      const secrets = expiries.get(namespace) ?? new Map();
      expiries.set(namespace, secrets.set(name, expiresAt));
    },
    removed: forget,
    failed: count,
    pages: {
      '/healthz': () =>
        [...beats.values()].every((at) => now() - at < maxSilenceMs)
          ? { status: 200, text: 'ok\n' }
          : { status: 503, text: 'a loop has not run for five minutes\n' },
      '/metrics': () => ({ status: 200, text: metrics().join('\n') }),
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
