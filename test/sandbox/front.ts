import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Passer } from './answering.ts';
import { type ChallengeForm, challenge } from './challenge.ts';

/** Registry host (without port), or `*` for every other one, to the port of a real registry on loopback, plain HTTP. */
export type Upstreams = Readonly<Record<string, number>>;

/** What belongs to one connection only and is not passed on (RFC 9110, 7.6.1). */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

function passedOn(headers: IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}

/** The realm becomes one on the host that was asked, so that one registry can stand behind several. */
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

function pass(
  port: number,
  form: ChallengeForm,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { host = '' } = request.headers;
  const passed = http.request(
    {
      host: '127.0.0.1',
      port,
      method: request.method,
      path: request.url,
      // Without it the registry's upload addresses would begin with http://.
      headers: { ...passedOn(request.headers), 'x-forwarded-proto': 'https' },
      agent: false,
    },
    (answer) => {
      response.writeHead(
        answer.statusCode ?? 502,
        passedOn(withChallenge(answer.headers, form, host)),
      );
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    },
  );
  passed.on('error', () => response.destroy());
  response.on('close', () => passed.destroy());
  request.pipe(passed);
}

/** Passes `/v2/` on to real registries, bodies streamed, nothing changed but the challenge. */
export function createFront(upstreams: Upstreams, form: ChallengeForm): Passer {
  return (request, response) => {
    const name = request.headers.host?.replace(/:\d+$/, '') ?? '';
    const port = upstreams[name] ?? upstreams['*'];
    if (port === undefined) return false;
    pass(port, form, request, response);
    return true;
  };
}
