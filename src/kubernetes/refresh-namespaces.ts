import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { HttpAnswer } from '../http/send.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { requireProfileId } from '../identity/profile.ts';
import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';
import { profileAnnotation } from './pod-identity.ts';
import { usePullSecret } from './pull-secret-use.ts';
import { reportFailure } from './refresh-event.ts';
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

export interface RefreshResult {
  readonly renewed: number;
  readonly unchanged: number;
  readonly failed: number;
}

const pageSize = '100';
/** A continue token expires after some minutes; then the list begins again. */
const maxLists = 3;
/** Another program may change the Secret between the request and the change. */
const maxAttempts = 3;
const parallel = 8;
const fieldManager = 'docker-credential-icr';

/**
 * Renews the pull Secrets of all selected namespaces whose token is due. A failure is reported and does not stop the others.
 * Throws `refused` or `unreachable` if the namespaces cannot be listed.
 */
export async function refreshNamespaces(
  context: Context,
  cluster: Cluster,
  options: RefreshOptions,
): Promise<RefreshResult> {
  const counts = { renewed: 0, unchanged: 0, failed: 0 };
  const namespaces = await selectedNamespaces(cluster.api, options.selector);
  const remaining = namespaces.filter(({ deletionTimestamp }) => deletionTimestamp === undefined);
  const shared: Cluster = { ...cluster, requestToken: oncePerProfile(cluster.requestToken) };
  const work = async () => {
    for (let next = remaining.pop(); next !== undefined; next = remaining.pop()) {
      if (cluster.stop?.aborted) return;
      try {
        const outcome = await refresh(context, shared, options, next);
        if (outcome === 'gone') continue;
        for (const account of options.serviceAccounts) {
          await usePullSecret(cluster.api, next.name, account, options.secretName);
        }
        counts[outcome] += 1;
      } catch (error) {
        if (!(error instanceof HelperError)) throw error;
        counts.failed += 1;
        cluster.failed?.(error);
        context.warn(`namespace ${next.name}: ${error.message}`, error.hint);
        await reportFailure(context, cluster.api, next.name, options.secretName, error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return counts;
}

async function selectedNamespaces(api: ClusterApi, selector: string): Promise<ObjectMetadata[]> {
  const list: ObjectMetadata[] = [];
  let token = '';
  for (let lists = 1; ; ) {
    const query = { labelSelector: selector, limit: pageSize, ...(token && { continue: token }) };
    const path = '/api/v1/namespaces';
    const answer = await api({ method: 'GET', path, as: 'PartialObjectMetadataList', query });
    if (answer.status === 410 && token !== '' && lists < maxLists) {
      list.length = 0;
      token = '';
      lists += 1;
      continue;
    }
    const { items, metadata } = objectIn(answer, 'the list of namespaces');
    // Go writes an empty list as null.
    const page = items ?? [];
    if (!Array.isArray(page)) throw invalidAnswer('the list of namespaces');
    list.push(...page.map(metadataOf));
    const { continue: next } = isObject(metadata) ? metadata : {};
    if (typeof next !== 'string' || next === '') return list;
    token = next;
  }
}

/** One request for each profile. If IAM is unreachable, it is not asked for the other profiles in this run. */
function oncePerProfile(requestToken: Cluster['requestToken']): Cluster['requestToken'] {
  const requests = new Map<string | undefined, Promise<AccessToken>>();
  let outage: HelperError | undefined;
  const request = async (profile: string | undefined) => {
    if (outage !== undefined) throw outage;
    try {
      return await requestToken(profile);
    } catch (error) {
      if (error instanceof HelperError && error.code === 'unreachable') outage = error;
      throw error;
    }
  };
  return (profile) => {
    const running = requests.get(profile) ?? request(profile);
    requests.set(profile, running);
    return running;
  };
}

async function refresh(
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
  const chosen = annotated ?? profile;
  if (chosen !== undefined) return requireProfileId(chosen);
  throw new HelperError('misconfigured', `there is no annotation ${profileAnnotation}`, {
    hint: 'annotate the namespace with the ID of a trusted profile, or use --trusted-profile',
  });
}

async function readSecret(
  api: ClusterApi,
  path: string,
  name: string,
): Promise<ObjectMetadata | undefined> {
  const answer = await api({ method: 'GET', path, as: 'PartialObjectMetadata' });
  if (answer.status === 404) return undefined;
  return metadataOf(objectIn(answer, `the Secret ${name}`));
}

function objectIn(answer: HttpAnswer, what: string): Readonly<Record<string, unknown>> {
  if (answer.status !== 200) throw refusal(answer, `to return ${what}`);
  const object = parseObject(answer.text);
  if (object === undefined) throw invalidAnswer(what);
  return object;
}

function metadataOf(object: unknown): ObjectMetadata {
  const { metadata } = isObject(object) ? object : {};
  if (!isObject(metadata) || typeof metadata.name !== 'string') throw invalidAnswer('an object');
  return metadata as unknown as ObjectMetadata;
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

function invalidAnswer(what: string): HelperError {
  return new HelperError(
    'unreachable',
    `the Kubernetes API returned an invalid response for ${what}`,
  );
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
