import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateHosts, publicHosts } from '../../src/registry/regions.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { answering } from './answering.ts';
import { createServerCertificate } from './ca.ts';
import type { ChallengeForm } from './challenge.ts';
import type { Service } from './exchange.ts';
import { createFaults, type Faults } from './faults.ts';
import { createFront, type Upstreams } from './front.ts';
import { createIam, type Lifetimes } from './iam.ts';
import { createSigner } from './jwt.ts';
import { listen } from './listen.ts';
import { createMiniRegistry } from './mini-registry.ts';
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
  /** Milliseconds since 1970. Certificates keep the machine's time. */
  readonly clock?: () => number;
  /** More names for the certificate; IBM's public hosts and IAM's are in it anyway. */
  readonly registryHosts?: readonly string[];
  /** Real registries behind the registry's address; a host that is not named gets the small one. */
  readonly upstreams?: Upstreams;
  /** Absent: unquoted from the small registry, quoted before real ones. */
  readonly challenge?: ChallengeForm;
  /** Whether a login at the registry is handed an identity token; it is by default. */
  readonly identityTokens?: boolean;
}

export interface Sandbox {
  /** `https://localhost:PORT`; the token endpoint is `/identity/token`. */
  readonly iamUrl: string;
  /** `https://localhost:PORT`; the registry's `/v2/` and `/oauth/token`. */
  readonly registryUrl: string;
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

/** IBM Cloud on loopback: IAM and the container registry, with a CA of their own. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { folder, address = '127.0.0.1', clock = Date.now } = options;
  const certificate = await createServerCertificate(certificateNames(options));
  const signer = await createSigner(clock);
  const caFile = join(folder, 'ca.pem');
  const signingCertificateFile = join(folder, 'token-signer.pem');
  await mkdir(folder, { recursive: true });
  await writeFile(caFile, certificate.caPem);
  await writeFile(signingCertificateFile, signer.certificatePem);

  const accounts = createAccounts(clock);
  const faults = createFaults();
  const requests = createRequests();
  const lifetimes = { accessToken: 3600, registryToken: 300 };
  const surroundings = { faults, requests, clock };
  const tokens = createRegistryToken({
    accounts,
    signer,
    lifetimes,
    credentials: createRegistryCredentials(accounts, signer),
    identityTokens: options.identityTokens ?? true,
  });
  const images = createMiniRegistry(signer, options.challenge ?? 'unquoted');
  const registry: Service = (asked) =>
    asked.path === '/oauth/token' ? tokens(asked) : images(asked);
  const iam = createIam({ accounts, signer, lifetimes });

  const iamListener = answering('iam', iam, surroundings);
  const front = createFront(options.upstreams ?? {}, options.challenge ?? 'quoted');
  const registryListener = answering('registry', registry, surroundings, front);
  const iamServer = await listen(iamListener, {
    address,
    port: options.iamPort ?? 0,
    certificate,
  });
  const registryServer = await listen(registryListener, {
    address,
    port: options.registryPort ?? 0,
    certificate,
  });
  const host = address === '127.0.0.1' ? 'localhost' : address;
  return {
    iamUrl: `https://${host}:${iamServer.port}`,
    registryUrl: `https://${host}:${registryServer.port}`,
    caFile,
    signingCertificateFile,
    issuer: registryIssuer,
    accounts,
    requests,
    faults,
    lifetimes,
    async close() {
      await Promise.all([iamServer.close(), registryServer.close()]);
    },
  };
}
