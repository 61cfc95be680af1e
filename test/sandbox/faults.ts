import type { ServiceName } from './requests.ts';

const kinds = [
  /** Waits for `delayMs` and `until`, then answers as it should. */
  'delay',
  /** Answers `status` (with `retryAfter`), and does nothing else. */
  'status',
  /** Closes the connection without a word. */
  'drop',
  /** Never answers. */
  'hang',
  /** Does what it is asked, and never answers. */
  'mute',
  /** 200 and a page of HTML, as a captive portal or a proxy does. */
  'not-json',
  /** 200 and nothing. */
  'empty',
  /** The right answer, torn off half way. */
  'cut-off',
  /** Half of the right answer, with a `Content-Length` that fits it. */
  'half-json',
  /** The right answer, and 10 MiB of padding inside it. */
  'huge',
  /** The right answer without `access_token` and `token`. */
  'no-access-token',
  /** The right answer, with an expiration an hour ago. */
  'expired',
] as const;

export interface Fault {
  readonly kind: (typeof kinds)[number];
  /** How many requests meet it; 1 when absent. */
  readonly times?: number | 'forever';
  /** Before whatever the kind does. */
  readonly delayMs?: number;
  /** Waits for this as well: a test says when the answer comes, whatever the load of the machine. */
  readonly until?: Promise<unknown>;
  readonly status?: number;
  /** Seconds or an HTTP date, passed on as it is. */
  readonly retryAfter?: string | number;
  /** Only requests whose path begins with this meet it. */
  readonly path?: string;
}

export interface Faults {
  /** Adds one; of several that fit a request, the oldest is met first. */
  add(service: ServiceName, fault: Fault): void;
  clear(service?: ServiceName): void;
  /** The fault this request meets, counted as met. */
  take(service: ServiceName, path: string): Fault | undefined;
}

interface Pending {
  readonly service: ServiceName;
  readonly fault: Fault;
  left: number;
}

export function createFaults(): Faults {
  let pending: Pending[] = [];
  return {
    add(service, fault) {
      if (!kinds.includes(fault.kind)) throw new Error(`no such fault: ${fault.kind}`);
      const left = fault.times === 'forever' ? Number.POSITIVE_INFINITY : (fault.times ?? 1);
      pending.push({ service, fault, left });
    },
    clear(service) {
      pending = service === undefined ? [] : pending.filter((entry) => entry.service !== service);
    },
    take(service, path) {
      const met = pending.find(
        (entry) => entry.service === service && path.startsWith(entry.fault.path ?? ''),
      );
      if (met === undefined) return undefined;
      met.left -= 1;
      pending = pending.filter(({ left }) => left > 0);
      return met.fault;
    },
  };
}
