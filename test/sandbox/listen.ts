import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ServerCertificate } from './ca.ts';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

export interface Place {
  readonly address: string;
  readonly port: number;
  readonly certificate?: ServerCertificate;
}

/** Listens, with TLS if a certificate is given. Port 0 selects a free port. */
export async function listen(
  listener: RequestListener,
  { address, port, certificate }: Place,
): Promise<Listening> {
  const server =
    certificate === undefined
      ? http.createServer(listener)
      : https.createServer({ cert: certificate.certificatePem, key: certificate.keyPem }, listener);
  const sockets = new Set<Socket>();
  server.on(certificate === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Starts all servers. If one fails, closes the others, which would keep the process alive. */
export async function listenAll(
  servers: readonly (readonly [RequestListener, Place])[],
): Promise<{ readonly ports: readonly number[]; readonly close: () => Promise<void> }> {
  const outcomes = await Promise.allSettled(servers.map(([each, place]) => listen(each, place)));
  const listening = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const close = async () => {
    await Promise.all(listening.map((server) => server.close()));
  };
  const failure = outcomes.find((each) => each.status === 'rejected');
  if (failure === undefined) return { ports: listening.map(({ port }) => port), close };
  await close();
  throw failure.reason;
}
