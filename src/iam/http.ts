import axios, { type AxiosResponse } from 'axios';
import type { Context } from '../context.ts';
import { systemCode } from '../errors.ts';
import { version } from '../version.ts';
import { type HttpProxy, proxyFor } from './proxy.ts';
import { trustingAgent } from './trust.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form (`URLSearchParams`) or as JSON. */
  readonly body?: URLSearchParams | object;
  /** For addresses that exist on this machine's own link only. */
  readonly direct?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | undefined;
}

/** No answer, and whether asking again might bring one. The message is what happened, in words. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly passing: boolean;

  constructor(message: string, passing: boolean) {
    super(message);
    this.passing = passing;
  }
}

const largestAnswer = 1024 * 1024;

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
  const proxy = request.direct ? undefined : proxyFor(context, request.url);
  try {
    return toAnswer(
      await client.request<unknown>({
        method: request.method,
        url: request.url.href,
        headers: { ...request.headers, ...contentType(request.body) },
        data: encode(request.body),
        signal,
        // A mutable copy in axios's own terms; `false` keeps axios from reading the environment itself.
        proxy: proxy === undefined ? false : { ...proxy },
        ...(request.url.protocol === 'https:' ? { httpsAgent: trustingAgent() } : {}),
      }),
    );
  } catch (error) {
    throw connectionError(error, proxy);
  }
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

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was dropped',
  EPIPE: 'the connection was dropped',
  ETIMEDOUT: 'connecting took too long',
  EAI_AGAIN: 'the name server did not answer',
  ENOTFOUND: 'the name server does not know it',
  ENETUNREACH: 'there is no way to its network',
  EHOSTUNREACH: 'there is no way to it',
};
const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']);

function connectionError(error: unknown, proxy: HttpProxy | undefined): unknown {
  const code = systemCode(error);
  // Without a code it is no failed connection but a bug of ours, to be seen as one.
  if (code === undefined || !(error instanceof Error)) return error;
  const via = proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
  return new ConnectionError(describe(code, error.message) + via, isPassing(code, error.message));
}

function describe(code: string, message: string): string {
  if (/maxContentLength/.test(message)) return 'its answer is longer than 1 MiB';
  if (isCutOff(message)) return 'its answer was cut off';
  if (/CERT|SIGNATURE|ERR_TLS/.test(code)) {
    return `its certificate is not trusted (${code}); a CA of your own goes into NODE_EXTRA_CA_CERTS`;
  }
  return words[code] ?? code;
}

function isPassing(code: string, message: string): boolean {
  return passing.has(code) || isCutOff(message);
}

/** What axios says when a connection ends in the middle of an answer. */
function isCutOff(message: string): boolean {
  return /stream has been aborted/.test(message);
}
