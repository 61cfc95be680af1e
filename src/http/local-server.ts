import http from 'node:http';

export interface Server {
  readonly port: number;
  /** Stops listening and closes all connections. */
  readonly close: () => void;
}

/**
 * Starts an HTTP server without TLS. Port 0 selects a free port; without `host` it listens on all addresses. Rejects with the
 * system's error, such as EADDRINUSE.
 */
export async function startServer(
  listener: http.RequestListener,
  { port, host }: { readonly port: number; readonly host?: string },
): Promise<Server> {
  const server = http.createServer(listener);
  // A client that sends nothing must not hold a connection.
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface Page {
  readonly status: number;
  readonly text: string;
}

/**
 * Serves plain text for GET requests by path, on all addresses of this machine. Port 0 selects a free port. Rejects with the
 * system's error, such as EADDRINUSE.
 */
export function serveTexts(
  port: number,
  pages: Readonly<Record<string, () => Page>>,
): Promise<Server> {
  return startServer(
    (request, response) => {
      const path = request.url?.replace(/\?.*/s, '') ?? '';
      const page = request.method === 'GET' && Object.hasOwn(pages, path) ? pages[path] : undefined;
      const { status, text } = page?.() ?? { status: 404, text: 'not found\n' };
      response.writeHead(status, {
        'Content-Type': 'text/plain; charset=utf-8',
        Connection: 'close',
      });
      response.end(text);
    },
    { port },
  );
}
