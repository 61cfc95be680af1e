import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { removeLock } from '../files/lock.ts';
import { namesIn } from '../files/private-read.ts';
import { removePrivate } from '../files/private-write.ts';
import { freshToken } from '../iam/cache.ts';
import type { CachedToken } from '../iam/cached-token.ts';
import { trustedProfile } from '../iam/trusted-profile.ts';
import { requireProfile, requireProfileId } from '../identity/profile.ts';
import type { ProviderRequest } from './provider-request.ts';
import { NoIdentity, parseServiceAccount, type ServiceAccount } from './service-account.ts';

/** The annotation of a service account with the ID of its trusted profile. */
export const profileAnnotation = 'icr.io/trusted-profile-id';

export interface PodOptions {
  /** Requests without a service account token are refused. */
  readonly serviceAccounts?: boolean;
  /** The trusted profile of service accounts without annotation. */
  readonly trustedProfile?: string;
  /**
   * The audience of service account tokens; IAM accepts `iam`. Source: IBM-Cloud/trusted-profile-enterprise-security,
   * app.yaml.
   */
  readonly audience: string;
  /** Pods without their own identity use the identity of the node. */
  readonly allowNodeIdentity?: boolean;
}

/** The access token of a pod's trusted profile. */
type PodToken = Pick<CachedToken, 'token' | 'issuedAt' | 'expiresAt'>;

/** A service account and its trusted profile. */
interface Pod extends ServiceAccount {
  readonly profile: string;
}

/**
 * Returns the access token of the pod's trusted profile, or undefined if the pod has none and may use the identity of the
 * node. If IAM refuses the pod, the identity of the node is not used. Throws `refused`, `unreachable`, `misconfigured`.
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
    context.warn(`${inOneLine(error)}; using the identity of the node`);
    return undefined;
  }
}

function podOf(context: Context, request: ProviderRequest, options: PodOptions): Pod {
  const account = accountOf(context, request, options);
  const annotated = request.serviceAccountAnnotations[profileAnnotation];
  if (annotated !== undefined) return { ...account, profile: profileOf(account, annotated) };
  const { trustedProfile: usual } = options;
  if (usual !== undefined) return { ...account, profile: requireProfile(usual) };
  throw new NoIdentity(
    `service account ${account.name} has no annotation ${profileAnnotation}`,
    'annotate it with the ID of a trusted profile',
  );
}

function accountOf(
  context: Context,
  { serviceAccountToken }: ProviderRequest,
  { audience }: PodOptions,
): ServiceAccount {
  if (serviceAccountToken !== undefined) {
    return parseServiceAccount(context, serviceAccountToken, audience);
  }
  throw new NoIdentity(
    'the request has no service account token, and pods use their own identity',
    "add tokenAttributes to the kubelet's CredentialProviderConfig, or use --allow-node-identity",
  );
}

/** Returns the profile in an annotation, which users of the cluster control. */
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
  // Without its UID, an account cannot be distinguished from a later one with the same name.
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
      const grant = {
        kind: 'compute-resource',
        crToken,
        profile: trustedProfile(profile),
      } as const;
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
 * Returns a cache name for one service account, UID and profile. It contains a hash, because the longest names exceed the
 * length of file names. Names of identities contain no space, so they differ from it.
 */
function cacheName({ name, uid, profile }: Pod): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, uid, profile]))
    .digest('hex');
  return `pod ${name.slice(0, 100)} ${hash.slice(0, 32)}`;
}

/** The file names of pods' tokens and of their locks. */
const podFile = /^pod%20.*\.(?:json|lock)$/;
/** Longer than the lifetime of any token. */
const maxAgeMs = 24 * 3600_000;

/**
 * Removes cached tokens of service accounts that did not pull for a day. In a cluster that creates an account for each
 * build, they would fill the node's memory. Files that cannot be removed are tried again the next time.
 */
function sweepPods(context: Context, folder: string): void {
  try {
    for (const name of namesIn(context, folder, 'own').filter((each) => podFile.test(each))) {
      const file = path.join(folder, name);
      if (fs.lstatSync(file).mtimeMs >= context.now() - maxAgeMs) continue;
      if (name.endsWith('.lock')) removeLock(context, file);
      else removePrivate(context, file);
    }
  } catch {
    // Another process may be removing the same files. A failure must not prevent the request of a token.
  }
}
