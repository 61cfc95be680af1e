import type { AccessToken } from '../iam/access-token.ts';
import { renewalTime } from '../iam/cached-token.ts';

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
