import { HelperError } from '../errors.ts';
import type { HttpAnswer } from '../http/send.ts';
import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';
import type { ObjectMetadata } from './refreshed-secret.ts';

const pageSize = '100';
/** A continue token expires after some minutes; then the list begins again. */
const maxLists = 3;

/** The objects of a kind that are selected by label or name. */
export interface ObjectSelection {
  readonly path: '/api/v1/namespaces' | '/api/v1/serviceaccounts';
  readonly query: Readonly<Record<string, string>>;
  /** Used in messages. */
  readonly what: string;
}

export function namespacesWith(labelSelector: string): ObjectSelection {
  return { path: '/api/v1/namespaces', query: { labelSelector }, what: 'the list of namespaces' };
}

/**
 * Selects the service accounts with a name in all namespaces. RBAC allows it with this resource name. Source:
 * kubernetes/kubernetes, staging/src/k8s.io/apiserver/pkg/endpoints/handlers/get.go.
 */
export function serviceAccountsNamed(name: string): ObjectSelection {
  return {
    path: '/api/v1/serviceaccounts',
    query: { fieldSelector: `metadata.name=${name}` },
    what: `the list of service accounts ${name}`,
  };
}

interface ObjectList {
  readonly items: readonly ObjectMetadata[];
  /** The version from which a watch continues. */
  readonly version: string;
}

/** Returns the metadata of the selected objects. Throws `refused` or `unreachable`. */
export async function listObjects(
  api: ClusterApi,
  { path, query: selector, what }: ObjectSelection,
): Promise<ObjectList> {
  const list: ObjectMetadata[] = [];
  let token = '';
  for (let lists = 1; ; ) {
    const query = { ...selector, limit: pageSize, ...(token && { continue: token }) };
    const answer = await api({ method: 'GET', path, as: 'PartialObjectMetadataList', query });
    if (answer.status === 410 && token !== '' && lists < maxLists) {
      list.length = 0;
      token = '';
      lists += 1;
      continue;
    }
    const { items, metadata } = objectIn(answer, what);
    // Go writes an empty list as null.
    const page = items ?? [];
    if (!Array.isArray(page)) throw invalidAnswer(what);
    list.push(...page.map(metadataOf));
    const { continue: next, resourceVersion } = isObject(metadata) ? metadata : {};
    if (typeof next !== 'string' || next === '') {
      return { items: list, version: typeof resourceVersion === 'string' ? resourceVersion : '' };
    }
    token = next;
  }
}

/** Returns the metadata of a Secret, not its data; undefined if it does not exist. Throws `refused` or `unreachable`. */
export async function readSecret(
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

/** Throws `unreachable` if the object lacks a name. */
export function metadataOf(object: unknown): ObjectMetadata {
  const { metadata } = isObject(object) ? object : {};
  if (!isObject(metadata) || typeof metadata.name !== 'string') throw invalidAnswer('an object');
  return metadata as unknown as ObjectMetadata;
}

function invalidAnswer(what: string): HelperError {
  return new HelperError(
    'unreachable',
    `the Kubernetes API returned an invalid response for ${what}`,
  );
}
