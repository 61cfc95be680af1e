import { once } from 'node:events';
import net from 'node:net';

/** An HTTP proxy that supports CONNECT only. */
export interface ConnectProxy {
  /** For `HTTPS_PROXY`. */
  readonly url: string;
  /** The `HOST:PORT` of each request, in order. */
  readonly asked: readonly string[];
  readonly close: () => void;
}

/** Connects each tunnel to `port` on loopback, for any host. Without a port, it never responds. */
export async function startProxy(port?: number): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = net.createServer((client) => {
    keep(client).once('data', (head) => {
      asked.push(/^CONNECT (\S+)/.exec(String(head))?.[1] ?? 'no tunnel');
      if (port === undefined) return;
      const upstream = keep(net.connect(port, '127.0.0.1'));
      upstream.once('connect', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(upstream).pipe(client);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    asked,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
