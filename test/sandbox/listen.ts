import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ServerCertificate } from './ca.ts';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens with TLS where a certificate is given. `port` 0 picks a free one. */
export async function listen(
  listener: RequestListener,
  {
    address,
    port,
    certificate,
  }: { address: string; port: number; certificate?: ServerCertificate },
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
