import type { AccessToken } from '../iam/access-token.ts';
import { renewalTime } from '../iam/cached-token.ts';

/**
 * How long the kubelet may keep an access token, in milliseconds: half of what it has left. After half of its life it
 * is kept until it is due for renewal, else the kubelets of a cluster that started together would come back together.
 */
export function tokenDuration(token: Omit<AccessToken, 'refreshToken'>, now: number): number {
  const { issuedAt, expiresAt } = token;
  const half = (expiresAt - now) / 2;
  const untilRenewal = renewalTime(token) - now;
  const isDueSoon = now >= (issuedAt + expiresAt) / 2 && untilRenewal > 0;
  return isDueSoon ? Math.min(half, untilRenewal) : half;
}
