import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';

export interface Proxy {
  /** For `HTTPS_PROXY`. */
  readonly url: string;
  /** The `host:port` that clients asked for, in order. */
  readonly asked: readonly string[];
  close(): void;
}

/** An HTTP proxy that leads to a port of this machine, whatever it is asked for; without one it never answers. */
export async function startProxy(port?: number): Promise<Proxy> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = http.createServer();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', ({ url = '' }, client: net.Socket) => {
    asked.push(url);
    client.on('error', () => client.destroy());
    if (port === undefined) return;
    const upstream = net.connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
