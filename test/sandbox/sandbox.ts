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
import { createMetadata } from './metadata.ts';
import { createMiniRegistry } from './mini-registry.ts';
import { createRegistryApi } from './registry-api.ts';
import { createRegistryCredentials } from './registry-credentials.ts';
import { createRegistryToken, registryIssuer } from './registry-token.ts';
import { createRequests, type Requests } from './requests.ts';

export interface SandboxOptions {
  /** Where the CA's and the token signer's certificates are written; made when missing. */
  readonly folder: string;
  /** Loopback by default; a namespace's own address for real clients. */
  readonly address?: string;
  /** 0 or absent picks a free one. */
  readonly iamPort?: number;
  readonly registryPort?: number;
  readonly metadataPort?: number;
  /** Milliseconds since 1970. Certificates keep the machine's time. */
  readonly clock?: () => number;
  /** More names for the certificate; IBM's public hosts and IAM's are in it anyway. */
  readonly registryHosts?: readonly string[];
  /** Real registries behind the registry's address; a host that is not named gets the small one. */
  readonly upstreams?: Upstreams;
  /** Absent: unquoted from the small registry, quoted before real ones. */
  readonly challenge?: ChallengeForm;
  /** Whether the deprecated registry tokens still work; they do by default. IBM ended them in 2021. */
  readonly registryTokens?: boolean;
  /** Whether a login at the registry is handed an identity token; it is by default. */
  readonly identityTokens?: boolean;
}

export interface Sandbox {
  /** `https://localhost:PORT`; the token endpoint is `/identity/token`. */
  readonly iamUrl: string;
  /** `https://localhost:PORT`; the registry's `/v2/` and `/oauth/token`. */
  readonly registryUrl: string;
  /** `http://127.0.0.1:PORT`, in place of `http://169.254.169.254`. */
  readonly metadataUrl: string;
  /** PEM of the CA that signed what both servers present. */
  readonly caFile: string;
  /** `auth.token.rootcertbundle` of a docker-registry, with `issuer` beside it. */
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

/** Writes what others are to trust into the folder, and says where. */
async function writeCertificates(folder: string, caPem: string, signerPem: string) {
  const caFile = join(folder, 'ca.pem');
  const signingCertificateFile = join(folder, 'token-signer.pem');
  await mkdir(folder, { recursive: true });
  await writeFile(caFile, caPem);
  await writeFile(signingCertificateFile, signerPem);
  return { caFile, signingCertificateFile };
}

/** The token endpoint and, where no real registry stands behind the host, the small registry. */
function createRegistry(options: SandboxOptions, cloud: Cloud): Service {
  const registryTokens = options.registryTokens ?? true;
  const credentials = createRegistryCredentials(cloud, registryTokens);
  const identityTokens = options.identityTokens ?? true;
  const tokens = createRegistryToken({ ...cloud, credentials, identityTokens });
  const images = createMiniRegistry(cloud.signer, options.challenge ?? 'unquoted');
  const api = createRegistryApi(cloud, registryTokens);
  return (asked) => {
    if (asked.path === '/oauth/token') return tokens(asked);
    return asked.path.startsWith('/api/v1/') ? api(asked) : images(asked);
  };
}

const isIamHost = (host: string) => /iam\.cloud\.ibm\.com(:\d+)?$/.test(host);

/** IBM Cloud on loopback: IAM, the container registry and a metadata service, with a CA of their own. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { address = '127.0.0.1', clock = Date.now } = options;
  const certificate = await createServerCertificate(certificateNames(options));
  const signer = await createSigner(clock);
  const files = await writeCertificates(options.folder, certificate.caPem, signer.certificatePem);
  const lifetimes = { accessToken: 3600, registryToken: 300 };
  const cloud = { accounts: createAccounts(signer), signer, lifetimes };
  const surroundings = { faults: createFaults(), requests: createRequests(), clock };

  const front = createFront(options.upstreams ?? {}, options.challenge ?? 'quoted');
  const iam = answering('iam', createIam(cloud), surroundings);
  const registry = answering('registry', createRegistry(options, cloud), surroundings, front);
  // With both on port 443 of one address, the name decides, as it does in the cloud.
  const byName: RequestListener = (request, response) =>
    (isIamHost(request.headers.host ?? '') ? iam : registry)(request, response);
  const metadata = answering('metadata', createMetadata(cloud), surroundings);

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
    requests: surroundings.requests,
    faults: surroundings.faults,
    close: listening.close,
  };
}
