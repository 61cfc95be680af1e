import fs from 'node:fs';
import path from 'node:path';
import { type RegistryHost, registries } from './hosts.ts';
import { searchPath } from './programs.ts';
import { type Server, startAll, startServer } from './server.ts';

interface RegistryOptions {
  readonly folder: string;
  /** The PEM file of the certificate that signs the simulator's registry tokens. */
  readonly signingCertificateFile: string;
  /** The claim `iss` of these tokens. */
  readonly issuer: string;
}

/** Returns the loopback port of the registry, which the simulator forwards to and which does not use TLS. */
function portOf(host: RegistryHost): number {
  return 5000 + registries.indexOf(host);
}

/** Returns the port of a second server for the same images, which the tests use without a token. */
function unauthenticatedPortOf(host: RegistryHost): number {
  return 5100 + registries.indexOf(host);
}

/** The hosts that the simulator forwards to these registries. A private host serves the same images. */
export const upstreams = Object.fromEntries(
  registries.flatMap((host) => [host, `private.${host}`].map((name) => [name, portOf(host)])),
);

export function unauthenticatedRegistry(host: RegistryHost): string {
  return `127.0.0.1:${unauthenticatedPortOf(host)}`;
}

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
  // JSON is valid YAML.
  fs.writeFileSync(`${name}.yml`, JSON.stringify(settings));
  return startServer(['docker-registry', 'serve', `${name}.yml`], {
    env: { PATH: searchPath.join(':') },
    log: `${name}.log`,
    listens: { host: '127.0.0.1', port },
  });
}

/** Starts Debian's docker-registry for each host. It verifies the tokens that the simulator signs. */
export async function startRegistries(options: RegistryOptions): Promise<Server> {
  const { folder, signingCertificateFile, issuer } = options;
  fs.mkdirSync(folder, { recursive: true });
  const starting = registries.flatMap((host) => {
    const realm = `https://${host}/oauth/token`;
    const token = { realm, service: 'registry', issuer, rootcertbundle: signingCertificateFile };
    return [
      startRegistry(folder, host, portOf(host), { token }),
      startRegistry(folder, host, unauthenticatedPortOf(host)),
    ];
  });
  return await startAll(starting);
}

export interface StoredManifest {
  readonly digest: string;
  /**
   * The digest of the config. Unlike the manifest's, it does not depend on the client that pushed the image. Undefined for an
   * index.
   */
  readonly config: string | undefined;
}

/** Returns the manifest of `HOST/REPOSITORY:TAG` from the registry's files, or undefined. */
export function storedManifest(folder: string, reference: string): StoredManifest | undefined {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const store = path.join(storeOf(folder, host), 'docker/registry/v2');
  const tags = path.join(store, 'repositories', repository, '_manifests/tags');
  const link = path.join(tags, tag, 'current/link');
  if (!fs.existsSync(link)) return undefined;
  const digest = fs.readFileSync(link, 'utf8');
  const hex = digest.slice('sha256:'.length);
  const data = path.join(store, 'blobs/sha256', hex.slice(0, 2), hex, 'data');
  return { digest, config: JSON.parse(fs.readFileSync(data, 'utf8')).config?.digest };
}
