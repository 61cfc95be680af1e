import fs from 'node:fs';
import path from 'node:path';
import { type RegistryHost, registries } from './hosts.ts';
import { searchPath } from './programs.ts';
import { type Server, startAll, startServer } from './server.ts';

export interface RegistryOptions {
  readonly folder: string;
  /** What signs the sandbox's registry tokens, in PEM. */
  readonly signingCertificateFile: string;
  /** The `iss` of these tokens. */
  readonly issuer: string;
}

/** Plain http on loopback, behind the sandbox's TLS. */
function portOf(host: RegistryHost): number {
  return 5000 + registries.indexOf(host);
}

/** A second way into a host's store, for the test itself: it asks for no token. */
function backDoorPortOf(host: RegistryHost): number {
  return 5100 + registries.indexOf(host);
}

/** What the sandbox's front passes `/v2/` on to: a private twin serves the same images. */
export const upstreams = Object.fromEntries(
  registries.flatMap((host) => [host, `private.${host}`].map((name) => [name, portOf(host)])),
);

export function backDoorOf(host: RegistryHost): string {
  return `127.0.0.1:${backDoorPortOf(host)}`;
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
  // YAML takes JSON as it is.
  fs.writeFileSync(`${name}.yml`, JSON.stringify(settings));
  return startServer(['docker-registry', 'serve', `${name}.yml`], {
    env: { PATH: searchPath.join(':') },
    log: `${name}.log`,
    listens: { host: '127.0.0.1', port },
  });
}

/** Debian's docker-registry, which verifies the tokens that the sandbox signs. */
export async function startRegistries(options: RegistryOptions): Promise<Server> {
  const { folder, signingCertificateFile, issuer } = options;
  fs.mkdirSync(folder, { recursive: true });
  const starting = registries.flatMap((host) => {
    const realm = `https://${host}/oauth/token`;
    const token = { realm, service: 'registry', issuer, rootcertbundle: signingCertificateFile };
    return [
      startRegistry(folder, host, portOf(host), { token }),
      startRegistry(folder, host, backDoorPortOf(host)),
    ];
  });
  return await startAll(starting);
}

export interface StoredManifest {
  readonly digest: string;
  /** The config's digest: the image, whatever manifest a client wrapped it in. */
  readonly config: string;
}

/** The manifest that `HOST/REPOSITORY:TAG` names, read from the registry's own files. */
export function storedManifest(folder: string, reference: string): StoredManifest | undefined {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const store = path.join(storeOf(folder, host), 'docker/registry/v2');
  const tags = path.join(store, 'repositories', repository, '_manifests/tags');
  const link = path.join(tags, tag, 'current/link');
  if (!fs.existsSync(link)) return undefined;
  const digest = fs.readFileSync(link, 'utf8');
  const hex = digest.slice('sha256:'.length);
  const data = path.join(store, 'blobs/sha256', hex.slice(0, 2), hex, 'data');
  return { digest, config: JSON.parse(fs.readFileSync(data, 'utf8')).config.digest };
}
