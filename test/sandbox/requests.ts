import type { ReceivedRequest } from './exchange.ts';

export type ServiceName = 'iam' | 'registry' | 'metadata';

/** A logged request without secrets: it has no body, no password, and only the scope of the query. */
export interface LoggedRequest {
  readonly service: ServiceName;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** The last part of `grant_type`: `apikey`, `refresh_token`, `cr-token`, `assume`, `passcode`, `password`. */
  readonly grant?: string;
  /** From Basic authentication or the form. */
  readonly userName?: string;
  readonly scopes: readonly string[];
  /** By the machine's clock, in milliseconds since 1970. */
  readonly at: number;
  /** Undefined until the response is sent, and if the connection was dropped. */
  status?: number;
}

export interface Requests {
  readonly log: readonly LoggedRequest[];
  add(service: ServiceName, received: ReceivedRequest): LoggedRequest;
  /** Returns the number of logged requests with all these values. */
  count(
    like?: Partial<
      Pick<LoggedRequest, 'service' | 'method' | 'path' | 'grant' | 'userName' | 'status' | 'host'>
    >,
  ): number;
  reset(): void;
}

function logged(service: ServiceName, received: ReceivedRequest): LoggedRequest {
  const { method, host, path, form, basic } = received;
  const grant = form.get('grant_type')?.split(':').at(-1);
  const userName = basic?.userName ?? form.get('username') ?? undefined;
  const scopes = [...received.query.getAll('scope'), ...form.getAll('scope')];
  return {
    service,
    method,
    host,
    path,
    ...(grant === undefined ? {} : { grant }),
    ...(userName === undefined ? {} : { userName }),
    scopes,
    at: Date.now(),
  };
}

export function createRequests(): Requests {
  const log: LoggedRequest[] = [];
  return {
    log,
    add(service, received) {
      const entry = logged(service, received);
      log.push(entry);
      return entry;
    },
    count(like = {}) {
      const wanted = Object.entries(like);
      return log.filter((entry) => {
        const values = new Map<string, unknown>(Object.entries(entry));
        return wanted.every(([name, value]) => values.get(name) === value);
      }).length;
    },
    reset() {
      log.length = 0;
    },
  };
}
