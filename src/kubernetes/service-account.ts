import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { lifeOf } from '../identity/expiry.ts';

/** Whom a service account's token is for, as it says itself: IAM is who verifies it. */
export interface ServiceAccount {
  /** `namespace:name` */
  readonly name: string;
  /** Another one for each that had this name; empty where the token does not tell. */
  readonly uid: string;
}

/** A pod brings no identity that IAM could be asked about. */
export class NoIdentity extends HelperError {
  constructor(message: string) {
    super('refused', message);
  }
}

/** The API server's: namespaces are DNS labels, names are DNS subdomains. */
const subject = /^system:serviceaccount:([a-z0-9-]{1,63}:[a-z0-9.-]{1,253})$/;

/**
 * Reads the token that the kubelet got for a pod. Throws `NoIdentity` for what IAM would refuse anyway, with what to
 * mend; the token itself is in no message.
 */
export function parseServiceAccount(
  { now }: Context,
  token: string,
  audience: string,
): ServiceAccount {
  const claims: Record<string, unknown> = lifeOf(token);
  const { sub, aud, exp, 'kubernetes.io': kubernetes } = claims;
  const name = typeof sub === 'string' ? subject.exec(sub)?.[1] : undefined;
  if (name === undefined) throw new NoIdentity("the token in the request is no service account's");
  if (![aud].flat().includes(audience)) {
    throw new NoIdentity(
      `the token of service account ${name} is not for audience ${audience}; set serviceAccountTokenAudience to it in the kubelet's CredentialProviderConfig`,
    );
  }
  if (typeof exp !== 'number' || exp * 1000 <= now()) {
    throw new NoIdentity(
      `the token of service account ${name} has expired; check this node's clock`,
    );
  }
  return { name, uid: uidIn(kubernetes) };
}

function uidIn(kubernetes: unknown): string {
  const { serviceaccount } = (kubernetes ?? {}) as { serviceaccount?: { uid?: unknown } | null };
  return typeof serviceaccount?.uid === 'string' ? serviceaccount.uid : '';
}
