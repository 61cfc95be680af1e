import { type Server, startServer } from './server.ts';

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
