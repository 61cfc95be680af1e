import { createHash } from 'node:crypto';
import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { freshToken } from '../iam/cache.ts';
import type { CachedToken } from '../iam/cached-token.ts';
import { requireProfileId } from '../identity/profile.ts';
import type { ProviderRequest } from './provider-request.ts';
import { NoIdentity, parseServiceAccount, type ServiceAccount } from './service-account.ts';
import { sweepPods } from './sweep.ts';

/** Names the trusted profile that a service account acts as. */
export const profileAnnotation = 'icr.io/trusted-profile-id';

export interface PodOptions {
  /** Every request comes with a service account's token; one without is refused. */
  readonly serviceAccounts?: boolean;
  /** The profile of service accounts without the annotation. */
  readonly trustedProfile?: string;
  /**
   * What a service account's token must be for; IAM takes `iam`.
   * Source: IBM-Cloud/trusted-profile-enterprise-security, app.yaml.
   */
  readonly audience: string;
  /** Whether a pod without an identity of its own may pull with the node's. */
  readonly allowNodeIdentity?: boolean;
}

/** The access token of a pod's trusted profile. */
export type PodToken = Pick<CachedToken, 'token' | 'issuedAt' | 'expiresAt'>;

/** A service account and the trusted profile that it is to act as. */
interface Pod extends ServiceAccount {
  readonly profile: string;
}

/**
 * The pod's own right to pull. Returns undefined if the pod has no identity and the node's may be used instead. What IAM says no to is never answered by the node.
 * Throws `refused`, `unreachable`, `misconfigured`.
 */
export async function podToken(
  context: Context,
  request: ProviderRequest,
  options: PodOptions,
  endpoint: string | undefined,
): Promise<PodToken | undefined> {
  const { serviceAccountToken: crToken = '' } = request;
  try {
    const pod = podOf(context, request, options);
    return await exchange(context, crToken, pod, endpoint);
  } catch (error) {
    if (!(error instanceof NoIdentity) || !options.allowNodeIdentity) throw error;
    context.warn(`${inOneLine(error)}; the node's identity answers instead`);
    return undefined;
  }
}

function podOf(context: Context, request: ProviderRequest, options: PodOptions): Pod {
  const account = accountOf(context, request, options);
  const annotated = request.serviceAccountAnnotations[profileAnnotation];
  const profile = annotated ?? options.trustedProfile;
  if (profile !== undefined) return { ...account, profile: profileOf(account, profile) };
  throw new NoIdentity(`service account ${account.name} has no annotation ${profileAnnotation}`);
}

function accountOf(
  context: Context,
  { serviceAccountToken }: ProviderRequest,
  { audience }: PodOptions,
): ServiceAccount {
  if (serviceAccountToken !== undefined) {
    return parseServiceAccount(context, serviceAccountToken, audience);
  }
  throw new NoIdentity('the request has no service account token, and pods answer for themselves');
}

/** Whoever may write an annotation may write anything: it goes into a form and into a file's name. */
function profileOf({ name }: ServiceAccount, text: string): string {
  try {
    return requireProfileId(text);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    throw new HelperError(
      'refused',
      `service account ${name} names an invalid trusted profile: ${error.message}`,
      { hint: error.hint },
    );
  }
}

async function exchange(
  context: Context,
  crToken: string,
  pod: Pod,
  endpoint: string | undefined,
): Promise<PodToken> {
  const { name, uid, profile } = pod;
  // Without its uid, an account cannot be told from a later one of the same name.
  const folder = uid === '' ? undefined : cacheFolder(context);
  return freshToken(context, {
    folder,
    name: cacheName(pod),
    since: 0,
    endpoint: context.env.IBMCLOUD_IAM_API_ENDPOINT || endpoint,
    mint: async (deadline) => {
      if (folder !== undefined) sweepPods(context, folder);
      const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
      const trusted = trustedEndpoint(context, { iamEndpoint: endpoint });
      const { requestToken } = await import('../iam/token-request.ts');
      const grant = { kind: 'compute-resource', crToken, profile: { id: profile } } as const;
      return requestToken(context, grant, {
        deadline,
        ...(trusted === undefined ? {} : { endpoint: trusted }),
        owner: `service account ${name} as trusted profile ${profile}`,
        hint: `let ${profile} trust service account ${name} of this cluster`,
      });
    },
  });
}

/**
 * One pod's right to pull never serves another service account, nor a later one of the same name, nor
 * another profile. A hash, since the longest names would make no file name; no identity's name has a space.
 */
function cacheName({ name, uid, profile }: Pod): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, uid, profile]))
    .digest('hex');
  return `pod ${name.slice(0, 100)} ${hash.slice(0, 32)}`;
}
