import { HelperError } from '../errors.ts';
import type { HttpAnswer } from '../http/send.ts';
import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';
import type { ObjectMetadata } from './refreshed-secret.ts';

const pageSize = '100';
/** A continue token expires after some minutes; then the list begins again. */
const maxLists = 3;

/** Returns the metadata of the namespaces with the label. Throws `refused` or `unreachable`. */
export async function selectedNamespaces(
  api: ClusterApi,
  selector: string,
): Promise<ObjectMetadata[]> {
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

function metadataOf(object: unknown): ObjectMetadata {
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
