import { TLSSocket } from 'node:tls';
import axios, { type AxiosResponse } from 'axios';
import type { Context } from '../context.ts';
import { version } from '../version.ts';
import { agents } from './agents.ts';
import { ConnectionError, connectionError } from './connection-error.ts';
import { type HttpProxy, proxyFor } from './proxy.ts';
import { isPassing } from './service-error.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form (`URLSearchParams`) or as JSON. */
  readonly body?: URLSearchParams | object;
  /** For addresses that exist on this machine's own link only. */
  readonly direct?: boolean;
  /** The only certificate authority to trust, in PEM; by default those of the system and the runtime. */
  readonly authority?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | undefined;
}

const largestAnswer = 1024 * 1024;
/** Proxy Authentication Required. */
const proxyNeedsPassword = 407;

// transformResponse: what is no JSON shall be seen as it came. maxRedirects: a secret is in hand.
const client = axios.create({
  maxRedirects: 0,
  maxContentLength: largestAnswer,
  responseType: 'text',
  transformResponse: [(text: unknown) => text],
  validateStatus: () => true,
  headers: { Accept: 'application/json', 'User-Agent': `docker-credential-icr/${version}` },
});

/**
 * Sends one request; an answer of any status is an answer. Throws ConnectionError, which never carries
 * axios's own error: that holds the whole request, secrets included.
 */
export async function send(
  context: Context,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const proxy = proxyOf(context, request);
  const way = via(context, request);
  const response = await client
    .request<unknown>({
      method: request.method,
      url: request.url.href,
      headers: { ...contentType(request.body), ...request.headers },
      data: encode(request.body),
      signal,
      // A mutable copy in axios's own terms; `false` keeps axios from reading the environment itself.
      proxy: proxy === undefined ? false : { ...proxy },
      ...agents(request.url, request.authority),
    })
    .catch((error) => {
      throw connectionError(error, way);
    });
  return proxy === undefined ? toAnswer(response) : tunnelledAnswer(response, way);
}

function proxyOf(context: Context, { direct, url }: HttpRequest): HttpProxy | undefined {
  return direct ? undefined : proxyFor(context, url);
}

/** The proxy on the way, for messages; without its password. */
export function via(context: Context, request: HttpRequest): string {
  const proxy = proxyOf(context, request);
  return proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
}

function contentType(body: HttpRequest['body']): Record<string, string> {
  if (body === undefined) return {};
  const form = body instanceof URLSearchParams;
  return { 'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json' };
}

function encode(body: HttpRequest['body']): string | undefined {
  if (body === undefined) return undefined;
  return body instanceof URLSearchParams ? body.toString() : JSON.stringify(body);
}

/**
 * The proxy agent of axios returns the proxy's refusal of a tunnel as if the server had sent it. It came without TLS, so
 * anyone on the way could have written it: only its status is used. Throws ConnectionError.
 */
function tunnelledAnswer(response: AxiosResponse<unknown>, way: string): HttpAnswer {
  const { request, status } = response;
  if (request?.socket instanceof TLSSocket) return toAnswer(response);
  if (status === proxyNeedsPassword) return { status, text: '', header: () => undefined };
  throw new ConnectionError(`status ${status} instead of a tunnel${way}`, isPassing({ status }), {
    reason: 'proxy',
  });
}

function toAnswer({ status, data, headers }: AxiosResponse<unknown>): HttpAnswer {
  return {
    status,
    text: typeof data === 'string' ? data : '',
    header: (name) => {
      const value: unknown = headers[name];
      return typeof value === 'string' ? value : undefined;
    },
  };
}
