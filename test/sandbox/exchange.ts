import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request that has been read completely. */
export interface ReceivedRequest {
  readonly method: string;
  /** The `Host` header, with the port. */
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body if it is form-encoded, otherwise empty. */
  readonly form: URLSearchParams;
  readonly basic: Basic | undefined;
  readonly bearer: string | undefined;
}

export interface Basic {
  readonly userName: string;
  readonly password: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type Service = (received: ReceivedRequest) => Answer | Promise<Answer>;

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** Returns a copy of a JSON object, or undefined for all other values. */
export function asObject(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return { ...value };
}

/** Returns the body as a JSON object, `{}` if it is empty, or undefined if it is another value. */
export function bodyObject({ body }: ReceivedRequest): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(body || '{}'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseBasic(authorization: string | undefined): Basic | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [userName = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  return { userName, password: rest.join(':') };
}

/** Returns the request without its body, which is sufficient for logging and forwarding. */
export function readHead(request: IncomingMessage, body = ''): ReceivedRequest {
  const { headers, method = 'GET' } = request;
  const url = new URL(request.url ?? '/', 'https://sandbox.invalid');
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  return {
    method,
    host: headers.host ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers,
    body,
    form: new URLSearchParams(isForm ? body : ''),
    basic: parseBasic(headers.authorization),
    bearer: /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1],
  };
}

// All forms are smaller; a client that sends more has a bug.
const maxBodyBytes = 1024 * 1024;

export async function readWhole(request: IncomingMessage): Promise<ReceivedRequest> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > maxBodyBytes) throw new Error('the sandbox was sent more than 1 MiB');
    parts.push(part);
  }
  return readHead(request, Buffer.concat(parts).toString());
}
