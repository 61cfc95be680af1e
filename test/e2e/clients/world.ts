import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import path from 'node:path';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { containerdSocket, startContainerd } from './containerd.ts';
import { dockerHost, startDockerDaemon } from './docker-daemon.ts';
import { createHome, type Home } from './home.ts';
import { iamAddress, otherRegistry, registryAddress } from './hosts.ts';
import { startRegistries, upstreams } from './registry-server.ts';
import { type Server, startAll } from './server.ts';

export interface WorldOptions {
  /** Starts a dockerd that docker uses in each home directory. */
  readonly dockerd?: boolean;
  /** Starts a containerd that ctr uses in each home directory. */
  readonly containerd?: boolean;
  /** Whether the registry issues identity tokens; see SandboxOptions. */
  readonly identityTokens?: boolean;
}

/** The IBM Cloud simulator with real registries, and home directories for the clients. */
export interface World extends Server {
  readonly sandbox: Sandbox;
  /** The directory of the registries' images. */
  readonly store: string;
  createHome(): Home;
}

/** Forwards the default address of IAM to the simulator: its port 443 differs from that of the registry. */
async function forwardIam(port: number): Promise<Server> {
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const onward = net.connect(port, registryAddress);
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(end);
      end.pipe(other);
      end.on('error', () => other.destroy());
      end.once('close', () => open.delete(end));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(443, iamAddress, resolve);
  });
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Checks that the tests run in a namespace: elsewhere, the clients would connect to IBM Cloud and write to /run. */
async function requireNamespace(): Promise<void> {
  const { address } = await lookup('us.icr.io').catch(() => ({ address: 'nowhere' }));
  if (address === registryAddress) return;
  throw new Error(
    `us.icr.io has the address ${address}; run these tests with scripts/test-clients.ts`,
  );
}

export async function startWorld(options: WorldOptions): Promise<World> {
  await requireNamespace();
  // In lower case, because podman derives an image's name from its path.
  const folder = `/run/world-${randomUUID()}`;
  const { dockerd = false, containerd = false, identityTokens = true } = options;
  const sandbox = await startSandbox({
    folder: path.join(folder, 'sandbox'),
    address: registryAddress,
    registryPort: 443,
    registryHosts: [otherRegistry],
    challenge: 'quoted',
    upstreams,
    identityTokens,
  });
  const { caFile } = sandbox;
  const store = path.join(folder, 'registries');
  const docker = path.join(folder, 'docker');
  const runtime = path.join(folder, 'containerd');
  const servers = await startAll([
    Promise.resolve(sandbox),
    forwardIam(Number(new URL(sandbox.iamUrl).port)),
    startRegistries({ ...sandbox, folder: store }),
    ...(dockerd ? [startDockerDaemon(docker, caFile)] : []),
    ...(containerd ? [startContainerd(runtime, caFile)] : []),
  ]);
  const env = {
    DOCKER_HOST: dockerHost(docker),
    CONTAINERD_ADDRESS: containerdSocket(runtime),
  };
  return {
    sandbox,
    store,
    createHome: () => createHome({ folder: path.join(folder, randomUUID()), caFile, env }),
    close: servers.close,
  };
}
