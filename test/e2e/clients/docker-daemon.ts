import fs from 'node:fs';
import path from 'node:path';
import { searchPath } from './programs.ts';
import { type Server, startServer } from './server.ts';

export interface DockerDaemon extends Server {
  /** For the clients' `DOCKER_HOST`. */
  readonly host: string;
}

/** A real dockerd without a network of its own: what it pulls and pushes goes over `lo`. */
export async function startDockerDaemon(folder: string, caFile: string): Promise<DockerDaemon> {
  fs.mkdirSync(folder, { recursive: true });
  const socket = path.join(folder, 'docker.sock');
  const host = `unix://${socket}`;
  const flags = [
    ...['--host', host],
    ...['--data-root', path.join(folder, 'data')],
    ...['--exec-root', path.join(folder, 'exec')],
    ...['--pidfile', path.join(folder, 'pid')],
    ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=overlay2'],
  ];
  const server = await startServer(['dockerd', ...flags], {
    env: { PATH: searchPath.join(':'), HOME: folder, TMPDIR: folder, SSL_CERT_FILE: caFile },
    log: path.join(folder, 'dockerd.log'),
    listens: { path: socket },
  });
  return { ...server, host };
}
