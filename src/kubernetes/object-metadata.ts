import { HelperError } from '../errors.ts';
import type { HttpAnswer } from '../http/send.ts';
import { isObject, isText, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';
import type { ObjectMetadata } from './refreshed-secret.ts';

/** With the largest annotations and their managed fields, a page has 25 MiB. */
const pageSize = '50';
/** A continue token expires after some minutes; then the list begins again. */
const maxLists = 3;

/** The objects of a kind that are selected by label or name. */
export interface ObjectSelection {
  readonly path: '/api/v1/namespaces' | '/api/v1/secrets' | '/api/v1/serviceaccounts';
  readonly query: Readonly<Record<string, string>>;
  /** Used in messages. */
  readonly what: string;
}

export function namespacesWith(labelSelector: string): ObjectSelection {
  return { path: '/api/v1/namespaces', query: { labelSelector }, what: 'the list of namespaces' };
}

/**
 * Selects the objects with a name in all namespaces. RBAC allows it with this resource name. Source:
 * kubernetes/kubernetes, staging/src/k8s.io/apiserver/pkg/endpoints/handlers/get.go.
 */
function named(path: ObjectSelection['path'], name: string, kind: string): ObjectSelection {
  const query = { fieldSelector: `metadata.name=${name}` };
  return { path, query, what: `the list of ${kind} ${name}` };
}

export function serviceAccountsNamed(name: string): ObjectSelection {
  return named('/api/v1/serviceaccounts', name, 'service accounts');
}

export function secretsNamed(name: string): ObjectSelection {
  return named('/api/v1/secrets', name, 'Secrets');
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
      return { items: list, version: versionOf(resourceVersion) };
    }
    // A list that does not advance would never end.
    if (next === token) throw invalidAnswer(what);
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

/** Throws `unreachable` if the object lacks a valid name: names become parts of paths. Members of another type are left out. */
export function metadataOf(object: unknown): ObjectMetadata {
  const { metadata } = isObject(object) ? object : {};
  const { name, namespace = name, uid, ...more } = isObject(metadata) ? metadata : {};
  if (!isObjectName(name) || !isObjectName(namespace)) throw invalidAnswer('an object');
  const { resourceVersion, deletionTimestamp, labels, annotations, managedFields } = more;
  return {
    name,
    namespace,
    uid: isText(uid) ? uid : '',
    resourceVersion: versionOf(resourceVersion),
    isDeleted: isText(deletionTimestamp),
    labels: textsIn(labels),
    annotations: textsIn(annotations),
    managedFields: Array.isArray(managedFields) ? managedFields.filter(isObject) : [],
  };
}

/** Returns an empty text for an object or a list without a version. */
export function versionOf(version: unknown): string {
  return isText(version) || typeof version === 'number' ? String(version) : '';
}

function textsIn(members: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(isObject(members) ? members : {});
  return Object.fromEntries(
    texts.filter((each): each is [string, string] => typeof each[1] === 'string'),
  );
}

/** A DNS subdomain, as of Secrets and service accounts. */
function isObjectName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z0-9][a-z0-9.-]{0,252}$/.test(name);
}

function invalidAnswer(what: string): HelperError {
  return new HelperError(
    'unreachable',
    `the Kubernetes API returned an invalid response for ${what}`,
  );
}
