import http from 'node:http';
import https from 'node:https';
import tls, { TLSSocket } from 'node:tls';
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { Context } from '../context.ts';
import { version } from '../program-name.ts';
import { ConnectionError, connectionError, usualAnswerBytes } from './connection-error.ts';
import { type HttpProxy, proxyFor } from './proxy.ts';
import { isTransient } from './service-error.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form (`URLSearchParams`) or as JSON. */
  readonly body?: URLSearchParams | object;
  /** Uses no proxy, for link-local addresses. */
  readonly direct?: boolean;
  /** The only certificate authority to trust, in PEM; by default those of the system and the runtime. */
  readonly authority?: string;
  /** The longest answer, by default 1 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | undefined;
}

const proxyAuthenticationRequired = 407;

const client = axios.create({
  // A redirect would send the secret to another address.
  maxRedirects: 0,
  responseType: 'text',
  // Keeps axios from parsing the text.
  transformResponse: [(text: unknown) => text],
  validateStatus: () => true,
  headers: { Accept: 'application/json', 'User-Agent': `docker-credential-icr/${version}` },
});

/**
 * Sends one request and returns the answer with its status. Throws ConnectionError, which never contains axios's own
 * error: that has the whole request with its secrets.
 */
export async function send(
  context: Context,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const proxy = proxyOf(context, request);
  const suffix = throughProxy(context, request);
  const response = await client
    .request<unknown>(axiosRequest(request, proxy, signal))
    .catch((error) => {
      throw connectionError(error, suffix, request);
    });
  return proxy === undefined ? toAnswer(response) : tunnelledAnswer(response, suffix);
}

/** An answer whose body is read while it arrives. */
interface HttpStream {
  readonly status: number;
  readonly header: HttpAnswer['header'];
  /** Throws the system's error if the connection is lost or the request aborted. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Sends one request without a proxy, and returns when the answer begins. Throws ConnectionError. */
export async function openStream(request: HttpRequest, signal: AbortSignal): Promise<HttpStream> {
  const response = await client
    .request<AsyncIterable<Uint8Array>>({
      ...axiosRequest(request, undefined, signal),
      responseType: 'stream',
      maxContentLength: Number.POSITIVE_INFINITY,
    })
    .catch((error) => {
      throw connectionError(error, '', request);
    });
  const { status, header } = toAnswer(response);
  return { status, header, chunks: response.data };
}

function axiosRequest(
  request: HttpRequest,
  proxy: HttpProxy | undefined,
  signal: AbortSignal,
): AxiosRequestConfig {
  return {
    method: request.method,
    url: request.url.href,
    headers: { ...contentType(request.body), ...request.headers },
    data: encode(request.body),
    signal,
    maxContentLength: request.maxAnswerBytes ?? usualAnswerBytes,
    // axios requires a mutable object. `false` keeps it from reading the environment.
    proxy: proxy === undefined ? false : { ...proxy },
    ...agents(request.url, request.authority),
  };
}

/**
 * Returns axios's option for the agent. It is always an agent of this module: the runtime's default agents use the
 * environment's proxy if `NODE_USE_ENV_PROXY=1` or `--use-env-proxy` is set. A process sends one request, so no
 * connection is kept alive.
 */
function agents(
  { protocol }: URL,
  authority?: string,
): { httpAgent: http.Agent } | { httpsAgent: https.Agent } {
  if (protocol === 'http:') return { httpAgent: new http.Agent({ keepAlive: false }) };
  // The explicit `rejectUnauthorized` has precedence over NODE_TLS_REJECT_UNAUTHORIZED=0.
  const options = { keepAlive: false, rejectUnauthorized: true };
  return { httpsAgent: new https.Agent({ ...options, secureContext: secureContext(authority) }) };
}

/** By authority; `undefined` is the default trust. Parsing the certificates takes as long as a request. */
const secureContexts = new Map<string | undefined, tls.SecureContext>();

function secureContext(authority: string | undefined): tls.SecureContext {
  const known = secureContexts.get(authority);
  if (known !== undefined) return known;
  const created = tls.createSecureContext(
    authority === undefined ? authorities() : { ca: [authority] },
  );
  secureContexts.set(authority, created);
  return created;
}

/**
 * Returns the trusted certificate authorities: the runtime's list, the system's store with `SSL_CERT_FILE` and
 * `SSL_CERT_DIR`, and `NODE_EXTRA_CA_CERTS`. Neither Bun nor Node uses all of them by default.
 */
function authorities(): { ca?: string[] } {
  // Node before 22.15 lacks the function; its default list includes NODE_EXTRA_CA_CERTS.
  if (typeof tls.getCACertificates !== 'function') return {};
  const found = (['bundled', 'system', 'extra'] as const).flatMap((list) =>
    tls.getCACertificates(list),
  );
  // The system's store contains most of the runtime's list, with lines of another length.
  const unique = new Map(
    found.map((certificate) => [certificate.replaceAll('\n', ''), certificate]),
  );
  return { ca: [...unique.values()] };
}

function proxyOf(context: Context, { direct, url }: HttpRequest): HttpProxy | undefined {
  return direct ? undefined : proxyFor(context, url);
}

/** Returns " through the proxy HOST:PORT" for messages, or an empty string without a proxy. */
export function throughProxy(context: Context, request: HttpRequest): string {
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
 * Returns the server's answer through a proxy. axios returns the proxy's refusal of a tunnel like an answer of the
 * server, but without TLS, so an attacker could have sent it: only its status is used. Throws ConnectionError.
 */
function tunnelledAnswer(response: AxiosResponse<unknown>, suffix: string): HttpAnswer {
  const { request, status } = response;
  if (request?.socket instanceof TLSSocket) return toAnswer(response);
  if (status === proxyAuthenticationRequired) return { status, text: '', header: () => undefined };
  const message = `status ${status} instead of a tunnel${suffix}`;
  throw new ConnectionError(message, isTransient({ status }), { reason: 'proxy' });
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
