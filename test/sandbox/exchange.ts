import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request, read to its end. */
export interface Asked {
  readonly method: string;
  /** As the client names us, with its port. */
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body, where it is form-encoded; else empty. */
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

export type Service = (asked: Asked) => Answer | Promise<Answer>;

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** A JSON object; `undefined` for every other value. */
export function asObject(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return { ...value };
}

/** The body as a JSON object, `{}` where there is none; `undefined` when it is anything else. */
export function bodyObject({ body }: Asked): Record<string, unknown> | undefined {
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

/** Everything but the body: enough for the log and for a request that is passed on. */
export function readHead(request: IncomingMessage, body = ''): Asked {
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

// Enough for every form here; a client that sends more is broken.
const longestBody = 1024 * 1024;

export async function readWhole(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > longestBody) throw new Error('the sandbox was sent more than 1 MiB');
    parts.push(part);
  }
  return readHead(request, Buffer.concat(parts).toString());
}
