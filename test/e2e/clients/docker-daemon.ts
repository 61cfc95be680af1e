import fs from 'node:fs';
import path from 'node:path';
import { searchPath } from './programs.ts';
import { type Server, startServer } from './server.ts';

function socketIn(folder: string): string {
  return path.join(folder, 'docker.sock');
}

/** Returns the `DOCKER_HOST` of the daemon in this directory. */
export function dockerHost(folder: string): string {
  return `unix://${socketIn(folder)}`;
}

/** Starts a real dockerd without its own network: it uses the loopback interface of the namespace. */
export async function startDockerDaemon(folder: string, caFile: string): Promise<Server> {
  fs.mkdirSync(folder, { recursive: true });
  const flags = [
    ...['--host', dockerHost(folder)],
    ...['--data-root', path.join(folder, 'data')],
    ...['--exec-root', path.join(folder, 'exec')],
    ...['--pidfile', path.join(folder, 'pid')],
    ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=overlay2'],
  ];
  return await startServer(['dockerd', ...flags], {
    env: { PATH: searchPath.join(':'), HOME: folder, TMPDIR: folder, SSL_CERT_FILE: caFile },
    log: path.join(folder, 'dockerd.log'),
    listens: { path: socketIn(folder) },
  });
}
