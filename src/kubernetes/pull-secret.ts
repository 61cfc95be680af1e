import type { ISecret } from 'kubernetes-models/v1';

export interface PullCredential {
  /** A key of the kubelet's keyring. */
  readonly match: string;
  readonly username: string;
  readonly password: string;
}

/** Returns an image pull Secret like that of `kubectl create secret docker-registry`. */
export function pullSecret(
  name: string,
  namespace: string | undefined,
  credentials: readonly PullCredential[],
): ISecret {
  const auths = Object.fromEntries(
    credentials.map(({ match, username, password }) => [
      match,
      { username, password, auth: base64(`${username}:${password}`) },
    ]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(JSON.stringify({ auths })) },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
