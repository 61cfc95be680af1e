import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Forwarder } from './answering.ts';
import { type ChallengeForm, challenge } from './challenge.ts';

/** Maps a registry host (without port), or `*` for all others, to the loopback port of a real registry without TLS. */
export type Upstreams = Readonly<Record<string, number>>;

/** Headers that apply to a single connection and are not forwarded (RFC 9110, 7.6.1). */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

function endToEndHeaders(headers: IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}

/** Replaces the realm with one on the requested host, so that one registry can serve several hosts. */
function withChallenge(
  headers: IncomingHttpHeaders,
  form: ChallengeForm,
  host: string,
): IncomingHttpHeaders {
  const configured = headers['www-authenticate'];
  if (configured === undefined) return headers;
  const scope = /scope="([^"]*)"/.exec(configured)?.[1];
  return { ...headers, 'www-authenticate': challenge(form, host, scope) };
}

function forward(
  port: number,
  form: ChallengeForm,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { host = '' } = request.headers;
  const forwarded = http.request(
    {
      host: '127.0.0.1',
      port,
      method: request.method,
      path: request.url,
      // Without this header, the registry's upload URLs would use http.
      headers: { ...endToEndHeaders(request.headers), 'x-forwarded-proto': 'https' },
      agent: false,
    },
    (answer) => {
      response.writeHead(
        answer.statusCode ?? 502,
        endToEndHeaders(withChallenge(answer.headers, form, host)),
      );
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    },
  );
  forwarded.on('error', () => response.destroy());
  response.on('close', () => forwarded.destroy());
  request.pipe(forwarded);
}

/** Forwards `/v2/` to real registries as a stream. Only the challenge is changed. */
export function createFront(upstreams: Upstreams, form: ChallengeForm): Forwarder {
  return (request, response) => {
    const name = request.headers.host?.replace(/:\d+$/, '') ?? '';
    const port = upstreams[name] ?? upstreams['*'];
    if (port === undefined) return false;
    forward(port, form, request, response);
    return true;
  };
}
