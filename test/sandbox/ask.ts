import { readFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as form data. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** User name and password for Basic authentication. */
  readonly basic?: readonly [string, string];
  readonly bearer?: string;
  /** The PEM file of the trusted CA. */
  readonly caFile?: string;
  /** The address of the URL's host, instead of its address in DNS. */
  readonly connect?: { readonly host: string; readonly port: number };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON, or `{}` if it is not JSON. */
  readonly value: Record<string, unknown>;
}

function bodyOf({ form, json }: AskOptions): readonly [string, string] | undefined {
  if (form !== undefined) {
    return ['application/x-www-form-urlencoded', new URLSearchParams(form).toString()];
  }
  return json === undefined ? undefined : ['application/json', JSON.stringify(json)];
}

/**
 * Returns the address to connect to, and options with which the server sees the URL's host, like an entry in
 * /etc/hosts.
 */
function target(url: string, { connect }: AskOptions) {
  if (connect === undefined) return { address: url };
  const { host, hostname, pathname, search } = new URL(url);
  const address = `https://${connect.host}:${connect.port}${pathname}${search}`;
  return { address, headers: { host }, servername: hostname };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** A plain HTTP client for tests, with one connection for each request. Rejects if the connection breaks. */
export async function ask(url: string, options: AskOptions = {}): Promise<Reply> {
  const { basic, bearer, caFile } = options;
  const body = bodyOf(options);
  const { address, headers: host, ...tls } = target(url, options);
  const headers = {
    ...host,
    ...(basic && { authorization: `Basic ${Buffer.from(basic.join(':')).toString('base64')}` }),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(body && { 'content-type': body[0] }),
    ...options.headers,
  };
  return await new Promise((resolve, reject) => {
    const client = address.startsWith('https:') ? https : http;
    const request = client.request(
      address,
      {
        ...tls,
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        headers,
        agent: false,
        ...(caFile !== undefined && { ca: readFileSync(caFile) }),
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('aborted', () => reject(new Error('the response was cut off')));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, headers: answered, text, value: parsed(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(body?.[1]);
  });
}
