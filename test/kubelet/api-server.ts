import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { encode } from '../support/jwt.ts';

interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Empty for a static pod. */
  readonly serviceAccountName: string;
}

/** The service accounts of a cluster, and their tokens. */
export interface ApiServer {
  /** Adds a service account. One with the same name is replaced, and the new one has another uid. */
  addServiceAccount(
    namespace: string,
    name: string,
    annotations?: Readonly<Record<string, string>>,
  ): ServiceAccount;
  /** Changes the annotations of an existing service account, which keeps its uid. */
  annotate(namespace: string, name: string, annotations: Readonly<Record<string, string>>): void;
  serviceAccount(namespace: string, name: string): ServiceAccount | undefined;
  /**
   * Simulates `TokenRequest`: returns a token that is bound to a pod and expires in one hour, as the kubelet requests
   * it.
   */
  requestToken(account: ServiceAccount, pod: Pod, audience: string): string;
}

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export function createPod(account: ServiceAccount): Pod {
  const { namespace, name: serviceAccountName } = account;
  return { namespace, name: `${serviceAccountName}-0`, uid: randomUUID(), serviceAccountName };
}

/** Creates an API server. `issued` is called with each issued token. */
export function createApiServer(
  clock: () => number,
  issued: (token: string, account: ServiceAccount) => void = () => {},
): ApiServer {
  const accounts = new Map<string, ServiceAccount>();
  return {
    addServiceAccount(namespace, name, annotations = {}) {
      const account = { namespace, name, uid: randomUUID(), annotations };
      accounts.set(`${namespace}:${name}`, account);
      return account;
    },
    annotate(namespace, name, annotations) {
      const account = accounts.get(`${namespace}:${name}`);
      if (account === undefined) throw new Error(`service account ${name} does not exist`);
      accounts.set(`${namespace}:${name}`, { ...account, annotations });
    },
    serviceAccount: (namespace, name) => accounts.get(`${namespace}:${name}`),
    requestToken(account, pod, audience) {
      const token = createToken(account, pod, { audience, now: clock() });
      issued(token, account);
      return token;
    },
  };
}

/** Returns a token with the claims of Kubernetes' bound tokens. `now` and `life` are in milliseconds. */
export function createToken(
  { namespace, name, uid }: ServiceAccount,
  pod: Pod,
  { audience, now, life = 3600_000 }: { audience: string; now: number; life?: number },
): string {
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    aud: [audience],
    exp: issuedAt + life / 1000,
    iat: issuedAt,
    iss: 'https://kubernetes.default.svc.cluster.local',
    jti: randomUUID(),
    'kubernetes.io': {
      namespace,
      node: { name: 'node', uid: randomUUID() },
      pod: { name: pod.name, uid: pod.uid },
      serviceaccount: { name, uid },
    },
    nbf: issuedAt,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
  const text = `${encode({ alg: 'ES256', kid: 'canary' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), keys.privateKey);
  return `${text}.${signature.toString('base64url')}`;
}
