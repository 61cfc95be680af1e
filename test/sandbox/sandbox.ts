import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { privateHosts, publicHosts } from '../../src/registry/regions.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { answering } from './answering.ts';
import { createServerCertificate } from './ca.ts';
import type { ChallengeForm } from './challenge.ts';
import type { Cloud, Lifetimes } from './cloud.ts';
import type { Service } from './exchange.ts';
import { createFaults, type Faults } from './faults.ts';
import { createFront, type Upstreams } from './front.ts';
import { createIam } from './iam.ts';
import { createSigner } from './jwt.ts';
import { listenAll } from './listen.ts';
import { type Compute, createMetadata } from './metadata.ts';
import { createMiniRegistry } from './mini-registry.ts';
import { createRegistryApi } from './registry-api.ts';
import { createRegistryCredentials } from './registry-credentials.ts';
import { createRegistryToken, registryIssuer } from './registry-token.ts';
import { createRequests, type Requests } from './requests.ts';
import { sharedKeys } from './shared-keys.ts';

export interface SandboxOptions {
  /** The directory for the certificates of the CA and the token signer. It is created if it does not exist. */
  readonly folder: string;
  /** The default is loopback; real clients need another address in their namespace. */
  readonly address?: string;
  /** The default, 0, selects a free port. */
  readonly iamPort?: number;
  readonly registryPort?: number;
  readonly metadataPort?: number;
  /** The kind of machine whose metadata service is simulated. */
  readonly compute?: Compute;
  /** In milliseconds since 1970. Certificates use the machine's clock. */
  readonly clock?: () => number;
  /** Additional names for the certificate, which always contains IBM's public hosts and those of IAM. */
  readonly registryHosts?: readonly string[];
  /** Real registries to which requests are forwarded. All other hosts use the mini registry. */
  readonly upstreams?: Upstreams;
  /** The default is unquoted for the mini registry, and quoted for real registries. */
  readonly challenge?: ChallengeForm;
  /** Whether the deprecated registry tokens, which IBM discontinued in 2021, still work. The default is true. */
  readonly registryTokens?: boolean;
  /** Whether a login at the registry returns an identity token. The default is true. */
  readonly identityTokens?: boolean;
}

export interface Sandbox {
  /** `https://localhost:PORT`; the token endpoint is `/identity/token`. */
  readonly iamUrl: string;
  /** `https://localhost:PORT`; the registry's `/v2/` and `/oauth/token`. */
  readonly registryUrl: string;
  /** `http://127.0.0.1:PORT`; stands for `http://169.254.169.254`. */
  readonly metadataUrl: string;
  /** The PEM file of the CA that signed the certificate of both servers. */
  readonly caFile: string;
  /** `auth.token.rootcertbundle` of docker-registry; `issuer` is its `auth.token.issuer`. */
  readonly signingCertificateFile: string;
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly requests: Requests;
  readonly faults: Faults;
  readonly lifetimes: Lifetimes;
  close(): Promise<void>;
}

const iamHosts = [
  'iam.cloud.ibm.com',
  'private.iam.cloud.ibm.com',
  ...['us-south', 'us-east', 'eu-de', 'eu-gb'].map(
    (region) => `private.${region}.iam.cloud.ibm.com`,
  ),
];

function certificateNames({ address, registryHosts }: SandboxOptions): readonly string[] {
  const always = ['localhost', '127.0.0.1', ...iamHosts, ...publicHosts, ...privateHosts];
  return [...new Set([...always, 'cp.icr.io', address ?? '127.0.0.1', ...(registryHosts ?? [])])];
}

/** Writes the certificates that clients and registries must trust into the directory; returns their paths. */
async function writeCertificates(folder: string, caPem: string, signerPem: string) {
  const caFile = join(folder, 'ca.pem');
  const signingCertificateFile = join(folder, 'token-signer.pem');
  await mkdir(folder, { recursive: true });
  await writeFile(caFile, caPem);
  await writeFile(signingCertificateFile, signerPem);
  return { caFile, signingCertificateFile };
}

/** Creates the token endpoint, the API, and the mini registry for hosts without a real registry. */
function createRegistry(options: SandboxOptions, cloud: Cloud): Service {
  const registryTokens = options.registryTokens ?? true;
  const credentials = createRegistryCredentials(cloud, registryTokens);
  const identityTokens = options.identityTokens ?? true;
  const tokens = createRegistryToken({ ...cloud, credentials, identityTokens });
  const images = createMiniRegistry(cloud.accounts, cloud.signer, options.challenge ?? 'unquoted');
  const api = createRegistryApi(cloud, registryTokens);
  return (received) => {
    if (received.path === '/oauth/token') return tokens(received);
    return received.path.startsWith('/api/v1/') ? api(received) : images(received);
  };
}

const isIamHost = (host: string) => /iam\.cloud\.ibm\.com(:\d+)?$/.test(host);

/** Starts the local IBM Cloud simulator: IAM, the container registry and a metadata service, with their own CA. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { address = '127.0.0.1', clock = Date.now } = options;
  const names = certificateNames(options);
  const keysName = `server-${createHash('sha256').update(names.join()).digest('hex')}`;
  const certificate = await sharedKeys(keysName, () => createServerCertificate(names));
  const signer = await createSigner(clock);
  const files = await writeCertificates(options.folder, certificate.caPem, signer.certificatePem);
  const lifetimes = { accessToken: 3600, registryToken: 300 };
  const cloud = { accounts: createAccounts(signer), signer, lifetimes };
  const shared = { faults: createFaults(), requests: createRequests(), clock };

  const front = createFront(options.upstreams ?? {}, options.challenge ?? 'quoted');
  const iam = answering('iam', createIam(cloud), shared);
  const registry = answering('registry', createRegistry(options, cloud), shared, front);
  // If both are on port 443 of one address, the host name selects the service, as in IBM Cloud.
  const byName: RequestListener = (request, response) =>
    (isIamHost(request.headers.host ?? '') ? iam : registry)(request, response);
  const metadata = answering('metadata', createMetadata(cloud, options.compute), shared);

  const { iamPort = 0, registryPort = 0, metadataPort = 0 } = options;
  const listening = await listenAll([
    [iam, { address, port: iamPort, certificate }],
    [byName, { address, port: registryPort, certificate }],
    [metadata, { address: '127.0.0.1', port: metadataPort }],
  ]);
  const host = address === '127.0.0.1' ? 'localhost' : address;
  return {
    iamUrl: `https://${host}:${listening.ports[0]}`,
    registryUrl: `https://${host}:${listening.ports[1]}`,
    metadataUrl: `http://127.0.0.1:${listening.ports[2]}`,
    ...files,
    issuer: registryIssuer,
    accounts: cloud.accounts,
    lifetimes,
    requests: shared.requests,
    faults: shared.faults,
    close: listening.close,
  };
}
