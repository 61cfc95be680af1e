import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemCode } from '../errors.ts';
import { startServer } from './local-server.ts';

/** Receives the redirect of an authorization server (RFC 8252, section 7.3). */
export interface LoopbackRedirect {
  readonly port: number;
  /** Resolves with the query of the only accepted request, after it was answered. */
  readonly received: Promise<URLSearchParams>;
  /**
   * Prepares for a redirect to `localhost`, which a browser may look up as ::1: no other user of this machine can then listen
   * there. Returns false if another program does so already.
   */
  readonly claimLocalhost: () => Promise<boolean>;
  /** Stops listening. */
  readonly close: () => void;
}

/**
 * Listens on a free port of 127.0.0.1 for one GET request to `/` with this `state`. Requests with another path, method or state
 * are refused and do not end the wait, and so are those for another host: a page that an attacker serves under a name that
 * resolves to 127.0.0.1 (DNS rebinding). Rejects with the system's error.
 */
export async function listenForRedirect(state: string): Promise<LoopbackRedirect> {
  const { promise: received, resolve } = Promise.withResolvers<URLSearchParams>();
  let isUsed = false;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const query = new URLSearchParams(/\?(.*)$/s.exec(request.url ?? '')?.[1]);
    const refusal = isUsed ? 410 : refusalOf(request, query, state, server.port);
    if (refusal !== undefined) {
      respond(response, refusal, 'This address is used only to sign in.');
      return;
    }
    isUsed = true;
    response.once('close', () => resolve(query));
    const isSignedIn = query.has('code');
    respond(
      response,
      200,
      isSignedIn
        ? 'Signed in. You can close this page and return to the terminal.'
        : 'Not signed in. The terminal shows the reason.',
    );
  };
  const server = await startServer(listener, { port: 0, host: '127.0.0.1' });
  const servers = [server];
  return {
    port: server.port,
    received,
    claimLocalhost: async () => {
      try {
        servers.push(await startServer(listener, { port: server.port, host: '::1' }));
        return true;
      } catch (error) {
        // Without IPv6, no other program can listen there.
        return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(systemCode(error) ?? '');
      }
    },
    close: () => {
      for (const each of servers) each.close();
    },
  };
}

/** Returns the status for a request that is not the expected redirect. */
function refusalOf(
  { headers, method, url = '' }: IncomingMessage,
  query: URLSearchParams,
  state: string,
  port: number,
): number | undefined {
  const host = headers.host ?? '';
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return 421;
  if (url !== '/' && !url.startsWith('/?')) return 404;
  if (method !== 'GET') return 405;
  const states = query.getAll('state');
  return states.length === 1 && isSame(states[0] ?? '', state) ? undefined : 400;
}

/** Compares in constant time: the time must not tell how much of a guessed state is right. */
function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Sends a page that contains nothing of the request and loads nothing. */
function respond(response: ServerResponse, status: number, text: string): void {
  const head = '<!doctype html><html lang="en"><meta charset="utf-8">';
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  response.end(`${head}<title>docker-credential-icr</title><p>${text}</p></html>\n`);
}
