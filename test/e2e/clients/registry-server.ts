import fs from 'node:fs';
import path from 'node:path';
import { type RegistryHost, registries, registryHosts } from './hosts.ts';
import { searchPath } from './programs.ts';
import { type Server, startServer } from './server.ts';

export interface RegistryOptions {
  readonly folder: string;
  /** What signs the sandbox's registry tokens, in PEM. */
  readonly signingCertificateFile: string;
  /** The `iss` of these tokens. */
  readonly issuer: string;
}

/** Plain http on loopback, one port a host, behind the sandbox's TLS. */
export function portOf(host: string): number {
  return 5000 + registryHosts.indexOf(host);
}

function backDoorPortOf(host: RegistryHost): number {
  return 5100 + registries.indexOf(host);
}

/** A second way into a host's store, for the test itself: it asks for no token. */
export function backDoorOf(host: RegistryHost): string {
  return `127.0.0.1:${backDoorPortOf(host)}`;
}

/** A host and its private twin have one store. */
function storeOf(folder: string, host: string): string {
  return path.join(folder, host.replace(/^private\./, ''));
}

function startRegistry(folder: string, host: string, port: number, auth?: object): Promise<Server> {
  const name = path.join(folder, `${host}-${port}`);
  const settings = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storeOf(folder, host) } },
    http: { addr: `127.0.0.1:${port}`, secret: 'shared by the servers of one store' },
    ...(auth === undefined ? {} : { auth }),
  };
  // YAML takes JSON as it is.
  fs.writeFileSync(`${name}.yml`, JSON.stringify(settings));
  return startServer(['docker-registry', 'serve', `${name}.yml`], {
    env: { PATH: searchPath.join(':') },
    log: `${name}.log`,
    listens: { host: '127.0.0.1', port },
  });
}

/** Debian's docker-registry, one a host: only so does each name its own token endpoint. */
export async function startRegistries(options: RegistryOptions): Promise<Server> {
  const { folder, signingCertificateFile, issuer } = options;
  fs.mkdirSync(folder, { recursive: true });
  const guarded = registryHosts.map((host) => {
    const realm = `https://${host}/oauth/token`;
    const token = { realm, service: 'registry', issuer, rootcertbundle: signingCertificateFile };
    return startRegistry(folder, host, portOf(host), { token });
  });
  const open = registries.map((host) => startRegistry(folder, host, backDoorPortOf(host)));
  const servers = await Promise.all([...guarded, ...open]);
  return {
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** The digest of the manifest a tag names, read from the registry's own files. */
export function storedDigest(folder: string, reference: string): string | undefined {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const repositories = path.join(storeOf(folder, host), 'docker/registry/v2/repositories');
  const link = path.join(repositories, repository, '_manifests/tags', tag, 'current/link');
  return fs.existsSync(link) ? fs.readFileSync(link, 'utf8') : undefined;
}
