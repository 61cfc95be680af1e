import type { AccessToken } from '../iam/access-token.ts';
import { renewalTime } from '../iam/cached-token.ts';

/** A credential, its images, and its time in the kubelet's cache. */
export interface ProviderAnswer {
  /** A key of the kubelet's keyring, with the host spelled as in the request. */
  readonly match: string;
  readonly username: string;
  readonly password: string;
  /** `Image`: cached for this image only; `Registry`: for all images of the host. */
  readonly key: 'Image' | 'Registry';
  /** 0 if the lifetime of the secret is unknown. */
  readonly durationMs: number;
}

/**
 * Returns a CredentialProviderResponse in the version of the request. Without an answer, `auth` is empty: the kubelet
 * pulls without a credential, and calls the provider again for the next pull. It refuses unknown fields.
 */
export function providerResponse(apiVersion: string, answer: ProviderAnswer | undefined): string {
  const { key = 'Image', durationMs = 0 } = answer ?? {};
  const auth =
    answer === undefined
      ? {}
      : { [answer.match]: { username: answer.username, password: answer.password } };
  const response = {
    apiVersion,
    kind: 'CredentialProviderResponse',
    cacheKeyType: key,
    cacheDuration: goDuration(durationMs),
    auth,
  };
  return `${JSON.stringify(response)}\n`;
}

/** Returns whole seconds in the syntax of Go's time.ParseDuration. */
function goDuration(milliseconds: number): string {
  return `${Math.max(0, Math.floor(milliseconds / 1000))}s`;
}

/**
 * Returns the milliseconds for which the kubelet may cache an access token: half of its remaining lifetime. In the second
 * half of its lifetime, it is cached until it is due for renewal: otherwise all kubelets that started together would
 * request new tokens together.
 */
export function tokenDuration(token: Omit<AccessToken, 'refreshToken'>, now: number): number {
  const { issuedAt, expiresAt } = token;
  const half = (expiresAt - now) / 2;
  const untilRenewal = renewalTime(token) - now;
  const isDueSoon = now >= (issuedAt + expiresAt) / 2 && untilRenewal > 0;
  return isDueSoon ? Math.min(half, untilRenewal) : half;
}
