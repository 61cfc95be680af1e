/** A credential, which images it is for, and how long the kubelet may keep it. */
export interface ProviderAnswer {
  /** `host` or `host/namespace`, spelled as in the image that was asked for. */
  readonly match: string;
  readonly username: string;
  readonly password: string;
  /** `Image`: kept for this image only; `Registry`: for every image of the host. */
  readonly key: 'Image' | 'Registry';
  /** Milliseconds; 0 where it is not known how long the secret lasts. */
  readonly duration: number;
}

/**
 * The text of a CredentialProviderResponse in the version that was asked in. Without an answer `auth` is empty: the
 * kubelet goes on without a credential, and asks again the next time. It refuses a field that it does not know.
 */
export function providerResponse(apiVersion: string, answer: ProviderAnswer | undefined): string {
  const { key = 'Image', duration = 0 } = answer ?? {};
  const auth =
    answer === undefined
      ? {}
      : { [answer.match]: { username: answer.username, password: answer.password } };
  const response = {
    apiVersion,
    kind: 'CredentialProviderResponse',
    cacheKeyType: key,
    cacheDuration: goDuration(duration),
    auth,
  };
  return `${JSON.stringify(response)}\n`;
}

/** As Go's time.ParseDuration reads it; whole seconds. */
function goDuration(milliseconds: number): string {
  return `${Math.max(0, Math.floor(milliseconds / 1000))}s`;
}
