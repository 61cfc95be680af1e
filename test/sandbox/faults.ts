import type { ServiceName } from './requests.ts';

const kinds = [
  /** Waits for `delayMs` and `until`, then responds normally. */
  'delay',
  /** Responds with `status` and `retryAfter`, without processing the request. */
  'status',
  /** Closes the connection without a response. */
  'drop',
  /** Never responds. */
  'hang',
  /** Processes the request, but never responds. */
  'mute',
  /** Processes the request without its `Authorization` header, as if the registry's token had expired. */
  'unauthorized',
  /** Responds with 200 and an HTML page, like a captive portal or a proxy. */
  'not-json',
  /** Responds with 200 and an empty body. */
  'empty',
  /** Closes the connection after half of the correct response. */
  'cut-off',
  /** Responds with half of the correct body, and a matching `Content-Length`. */
  'half-json',
  /** Adds 10 MiB of padding to the correct response. */
  'huge',
  /** Removes `access_token` and `token` from the correct response. */
  'no-access-token',
  /** Responds with an empty object. */
  'no-members',
  /** Sets the expiration in the correct response to one hour ago. */
  'expired',
] as const;

export interface Fault {
  readonly kind: (typeof kinds)[number];
  /** The number of affected requests. The default is 1. */
  readonly times?: number | 'forever';
  /** A delay before the fault. */
  readonly delayMs?: number;
  /**
   * Also waits for this promise, so that a test controls the time of the response regardless of the load of the
   * machine.
   */
  readonly until?: Promise<unknown>;
  readonly status?: number;
  /** A number of seconds or an HTTP date, sent unchanged. */
  readonly retryAfter?: string | number;
  /** Affects only requests whose path has this prefix. */
  readonly path?: string;
}

export interface Faults {
  /** Adds a fault. If several faults match a request, the oldest is applied first. */
  add(service: ServiceName, fault: Fault): void;
  clear(service?: ServiceName): void;
  /** Returns the fault for this request, and decrements its counter. */
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
