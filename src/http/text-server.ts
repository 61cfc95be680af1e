import http from 'node:http';

export interface Page {
  readonly status: number;
  readonly text: string;
}

interface TextServer {
  readonly port: number;
  readonly close: () => void;
}

/**
 * Serves plain text for GET requests, without TLS, by path. Port 0 selects a free port. Rejects with the system's error, such
 * as EADDRINUSE.
 */
export async function serveTexts(
  port: number,
  pages: Readonly<Record<string, () => Page>>,
): Promise<TextServer> {
  const server = http.createServer((request, response) => {
    const path = request.url?.replace(/\?.*/s, '') ?? '';
    const page = request.method === 'GET' && Object.hasOwn(pages, path) ? pages[path] : undefined;
    const { status, text } = page?.() ?? { status: 404, text: 'not found\n' };
    response.writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      Connection: 'close',
    });
    response.end(text);
  });
  // A client that sends nothing must not hold a connection.
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
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
