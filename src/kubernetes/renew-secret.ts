import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { HttpAnswer } from '../http/send.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { requireProfile, requireProfileId } from '../identity/profile.ts';
import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';
import { readSecret } from './object-metadata.ts';
import { profileAnnotation } from './pod-identity.ts';
import { isDue, isOwn, type ObjectMetadata, refreshedSecret } from './refreshed-secret.ts';

export interface RefreshOptions {
  /** A label selector for namespaces. */
  readonly selector: string;
  readonly secretName: string;
  /** The keys of the Secret's entries. */
  readonly hosts: readonly string[];
  /** The trusted profile of namespaces without annotation. */
  readonly profile: string | undefined;
  /** All namespaces use the API key; an annotation is refused. */
  readonly usesApiKey: boolean;
  /** The name of this refresher, which its Secrets contain: a Secret of another one is not changed. */
  readonly refresher: string;
  /** Service accounts of each namespace whose pods use the Secret. */
  readonly serviceAccounts: readonly string[];
}

export interface Cluster {
  readonly api: ClusterApi;
  /** Requests an access token of a trusted profile, or with the API key without a profile. */
  readonly requestToken: (profile: string | undefined) => Promise<AccessToken>;
  readonly random?: () => number;
  /** If it is aborted, no further namespace is begun. */
  readonly stop?: AbortSignal;
  /** Called for each namespace that failed. */
  readonly failed?: (error: HelperError) => void;
}

/** Another program may change the Secret between the request and the change. */
const maxAttempts = 3;
const fieldManager = 'docker-credential-icr';

/** Renews the pull Secret of a namespace if its token is due. Throws `refused`, `unreachable` or `misconfigured`. */
export async function renewSecret(
  { now }: Context,
  { api, requestToken, random = Math.random }: Cluster,
  options: RefreshOptions,
  namespace: ObjectMetadata,
): Promise<'renewed' | 'unchanged' | 'gone'> {
  const { hosts, secretName: name, refresher } = options;
  const profile = profileOf(namespace, options);
  const wanted = { hosts, identity: profile ?? 'api-key' };
  const path = `/api/v1/namespaces/${namespace.name}/secrets/${name}`;
  for (let attempt = 1; ; attempt += 1) {
    const existing = await readSecret(api, path, name);
    if (existing !== undefined && !isOwn(existing, refresher)) throw foreign(name);
    if (existing !== undefined && !isDue(existing, wanted, now())) return 'unchanged';
    const token = await requestToken(profile);
    const target = { namespace: namespace.name, name, refresher };
    const answer = await api({
      method: 'PATCH',
      path,
      as: 'PartialObjectMetadata',
      patch: 'apply',
      query: { fieldManager },
      body: refreshedSecret(target, wanted, token, existing, random()),
      secret: token.token,
    });
    if (answer.status >= 200 && answer.status <= 299) return 'renewed';
    if (isGone(answer)) return 'gone';
    if (isFieldConflict(answer)) throw edited(name);
    if (answer.status !== 409 || attempt === maxAttempts) {
      throw refusal(answer, `to change the Secret ${name}`, token.token);
    }
  }
}

function profileOf(
  { annotations = {} }: ObjectMetadata,
  { profile, usesApiKey }: RefreshOptions,
): string | undefined {
  const annotated = annotations[profileAnnotation];
  if (usesApiKey) {
    if (annotated === undefined) return undefined;
    throw new HelperError('misconfigured', `${profileAnnotation} is not used with an API key`, {
      hint: 'remove the annotation, or use trusted profiles in all namespaces',
    });
  }
  if (annotated !== undefined) return requireProfileId(annotated);
  if (profile !== undefined) return requireProfile(profile);
  throw new HelperError('misconfigured', `there is no annotation ${profileAnnotation}`, {
    hint: 'annotate the namespace with the ID of a trusted profile, or use --trusted-profile',
  });
}

/** The namespace was deleted after it was listed. */
function isGone(answer: HttpAnswer): boolean {
  return answer.status === 404 || causesOf(answer).includes('NamespaceTerminating');
}

/** Another program has changed a field of the Secret that the refresher manages. */
function isFieldConflict(answer: HttpAnswer): boolean {
  return answer.status === 409 && causesOf(answer).includes('FieldManagerConflict');
}

function causesOf({ text }: HttpAnswer): unknown[] {
  const { details } = parseObject(text) ?? {};
  const { causes } = isObject(details) ? details : {};
  return Array.isArray(causes) ? causes.map((cause) => isObject(cause) && cause.reason) : [];
}

function foreign(name: string): HelperError {
  return new HelperError('refused', `the Secret ${name} was not created by this refresher`, {
    hint: 'use another --secret-name, or delete the Secret',
  });
}

function edited(name: string): HelperError {
  return new HelperError('refused', `another program has changed the Secret ${name}`, {
    hint: 'delete the Secret to let the refresher create it again',
  });
}
