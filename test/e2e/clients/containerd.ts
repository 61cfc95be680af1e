import fs from 'node:fs';
import path from 'node:path';
import { searchPath } from './programs.ts';
import { type Server, startServer } from './server.ts';

/** Returns the socket of the containerd in this directory, for `ctr` and for CRI clients. */
export function containerdSocket(folder: string): string {
  return path.join(folder, 'containerd.sock');
}

/** Starts a real containerd with the CRI plugin that the kubelet uses. */
export async function startContainerd(folder: string, caFile: string): Promise<Server> {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'config.toml');
  const quoted = (...names: string[]) => JSON.stringify(path.join(folder, ...names));
  fs.writeFileSync(
    file,
    `version = 2
root = ${quoted('root')}
state = ${quoted('state')}
[grpc]
address = ${JSON.stringify(containerdSocket(folder))}
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = ${quoted('cni')}
`,
  );
  return await startServer(['containerd', '--config', file], {
    env: { PATH: searchPath.join(':'), HOME: folder, TMPDIR: folder, SSL_CERT_FILE: caFile },
    log: path.join(folder, 'containerd.log'),
    listens: { path: containerdSocket(folder) },
  });
}
