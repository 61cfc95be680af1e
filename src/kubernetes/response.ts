/** How long the kubelet may keep an answer, and for what else. */
export interface Caching {
  /** `Image`: for this image only; `Registry`: for every image of the host. */
  readonly key: 'Image' | 'Registry';
  /** Milliseconds; 0 where it is not known how long the secret lasts. */
  readonly duration: number;
}

export interface ProviderAnswer {
  /** `host` or `host/namespace`: which images the credential is for. */
  readonly match: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The text of a CredentialProviderResponse in the version that was asked in. No answer is an empty
 * `auth`: the kubelet goes on without a credential. The kubelet refuses a field that it does not know.
 */
export function providerResponse(
  apiVersion: string,
  answer: ProviderAnswer | undefined,
  { key, duration }: Caching,
): string {
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
