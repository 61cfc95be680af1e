import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { freshToken } from '../iam/cache.ts';
import type { ProviderRequest } from './request.ts';

/** Names the trusted profile that a service account acts as. */
export const profileAnnotation = 'icr.io/trusted-profile-id';

export interface PodOptions {
  /** For service accounts without the annotation. */
  readonly trustedProfile?: string;
  /** The audience that a service account's token must be for. */
  readonly audience: string;
  /** Whether a pod without a profile may pull with the node's identity. */
  readonly allowNodeIdentity?: boolean;
  /** The setting for IAM's address. */
  readonly endpoint: string | undefined;
}

/** The pod's own access token, and when it ends, in milliseconds since 1970. */
export interface PodToken {
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * An access token of the trusted profile that the pod's service account acts as. `undefined` where it
 * has none and the node's identity may stand in. Throws `refused`, `unreachable`, `invalid-input`.
 */
export async function podToken(
  context: Context,
  { serviceAccountToken: crToken = '', serviceAccountAnnotations }: ProviderRequest,
  options: PodOptions,
): Promise<PodToken | undefined> {
  const account = parseServiceAccount(context, crToken, options.audience);
  const annotated = serviceAccountAnnotations[profileAnnotation]?.trim();
  const profile = annotated || options.trustedProfile;
  if (profile === undefined) {
    if (options.allowNodeIdentity) return undefined;
    throw refused(
      `service account ${account.name} names no trusted profile; annotate it with ${profileAnnotation}`,
    );
  }
  return freshToken(context, {
    folder: cacheFolder(context),
    // What one service account may pull never serves another, nor a later one of the same name.
    name: `pod ${account.name} ${account.uid} ${profile}`,
    since: 0,
    mint: async (deadline) => {
      const { requestToken } = await import('../iam/token.ts');
      const grant = { kind: 'compute-resource', crToken, profile: { id: profile } } as const;
      return requestToken(context, grant, {
        deadline,
        ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
        owner: `service account ${account.name} as trusted profile ${profile}`,
        hint: `let the profile trust service account ${account.name}`,
      });
    },
  });
}

interface ServiceAccount {
  /** `namespace:name` */
  readonly name: string;
  readonly uid: string;
}

/** The kubelet vouches for the token; IAM verifies it. Here only what would be refused anyway is. */
function parseServiceAccount(context: Context, jwt: string, audience: string): ServiceAccount {
  const { aud, exp, sub, 'kubernetes.io': kubernetes } = payloadOf(jwt);
  const name = typeof sub === 'string' ? sub.replace(/^system:serviceaccount:/, '') : '';
  if (!/^[a-z0-9.-]+:[a-z0-9.-]+$/.test(name)) {
    throw refused('the token that the kubelet passed on is not a service account’s');
  }
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(audience)) {
    throw refused(
      `the token of service account ${name} is not for audience ${audience}; set tokenAttributes.serviceAccountTokenAudience to ${audience}`,
    );
  }
  if (typeof exp !== 'number' || exp * 1000 <= context.now()) {
    throw refused(`the token of service account ${name} has expired; check the node's clock`);
  }
  return { name, uid: uidIn(kubernetes) };
}

function uidIn(kubernetes: unknown): string {
  const { serviceaccount } = (kubernetes ?? {}) as { serviceaccount?: { uid?: unknown } };
  return typeof serviceaccount?.uid === 'string' ? serviceaccount.uid : '';
}

function payloadOf(jwt: string): Record<string, unknown> {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString(),
    );
    if (typeof payload === 'object' && payload !== null) return payload as Record<string, unknown>;
  } catch {
    // Its own message would quote the token.
  }
  throw refused('the token that the kubelet passed on is not a JWT');
}

function refused(message: string): HelperError {
  return new HelperError('refused', message);
}
