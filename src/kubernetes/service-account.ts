import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { lifeOf } from '../identity/expiry.ts';

/** The service account in a token's claims, which only IAM verifies. */
export interface ServiceAccount {
  /** `namespace:name` */
  readonly name: string;
  /** Distinguishes accounts that had the same name at different times; empty if absent. */
  readonly uid: string;
}

/** The pod lacks an identity that can be verified with IAM. */
export class NoIdentity extends HelperError {
  constructor(message: string, hint: string) {
    super('refused', message, { hint });
  }
}

/** The subject in tokens of the API server. Namespaces are DNS labels, names are DNS subdomains. */
const subject = /^system:serviceaccount:([a-z0-9-]{1,63}:[a-z0-9.-]{1,253})$/;

/**
 * Reads the service account from a token of the kubelet. Throws `NoIdentity` for tokens that IAM would refuse. No message
 * contains the token.
 */
export function parseServiceAccount(
  { now }: Context,
  token: string,
  audience: string,
): ServiceAccount {
  const claims: Record<string, unknown> = lifeOf(token);
  const { sub, aud, exp, 'kubernetes.io': kubernetes } = claims;
  const name = typeof sub === 'string' ? subject.exec(sub)?.[1] : undefined;
  if (name === undefined) {
    throw new NoIdentity(
      'the token in the request does not belong to a service account',
      "check serviceAccountTokenAudience in the kubelet's CredentialProviderConfig",
    );
  }
  if (![aud].flat().includes(audience)) {
    throw new NoIdentity(
      `the token of service account ${name} is not for audience ${audience}`,
      "set serviceAccountTokenAudience to it in the kubelet's CredentialProviderConfig",
    );
  }
  if (typeof exp !== 'number' || exp * 1000 <= now()) {
    throw new NoIdentity(
      `the token of service account ${name} has expired`,
      "check this node's clock",
    );
  }
  return { name, uid: uidIn(kubernetes) };
}

function uidIn(kubernetes: unknown): string {
  const { serviceaccount } = (kubernetes ?? {}) as { serviceaccount?: { uid?: unknown } | null };
  return typeof serviceaccount?.uid === 'string' ? serviceaccount.uid : '';
}
