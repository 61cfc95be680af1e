import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';
import { metadataOf } from './object-metadata.ts';
import type { ObjectMetadata } from './refreshed-secret.ts';

export interface ServiceAccountSecrets {
  readonly metadata: ObjectMetadata;
  readonly imagePullSecrets: readonly unknown[];
}

const maxAttempts = 3;

/** Throws `refused` or `unreachable`. */
export async function readServiceAccount(
  api: ClusterApi,
  namespace: string,
  name: string,
): Promise<ServiceAccountSecrets> {
  const found = await api({ method: 'GET', path: pathOf({ namespace, name }) });
  if (found.status !== 200) throw refusal(found, `to return the service account ${name}`);
  const object = parseObject(found.text) ?? {};
  const { imagePullSecrets: existing } = object;
  return {
    metadata: { ...metadataOf(object), namespace },
    imagePullSecrets: Array.isArray(existing) ? existing : [],
  };
}

/**
 * Adds a pull Secret to the `imagePullSecrets` of a service account, removes another one, and keeps the rest. The list is
 * replaced as a whole, with the version that was read: neither server-side apply nor a strategic merge patch can add one item
 * to it. Throws `refused` or `unreachable`.
 */
export async function usePullSecret(
  api: ClusterApi,
  account: ServiceAccountSecrets,
  secretName: string,
  replaced: string,
): Promise<void> {
  const { namespace, name } = account.metadata;
  let { metadata, imagePullSecrets } = account;
  for (let attempt = 1; ; attempt += 1) {
    const isNamed = (text: string) => (each: unknown) => isObject(each) && each.name === text;
    const isUsed = imagePullSecrets.some(isNamed(secretName));
    if (isUsed && !imagePullSecrets.some(isNamed(replaced))) return;
    const kept = imagePullSecrets.filter((each) => !isNamed(replaced)(each));
    const { uid, resourceVersion } = metadata;
    const answer = await api({
      method: 'PATCH',
      patch: 'merge',
      path: pathOf({ namespace, name }),
      as: 'PartialObjectMetadata',
      body: {
        metadata: { uid, resourceVersion },
        imagePullSecrets: isUsed ? kept : [...kept, { name: secretName }],
      },
    });
    if (answer.status === 200) return;
    if (answer.status !== 409 || attempt === maxAttempts) {
      throw refusal(answer, `to change the service account ${name}`);
    }
    ({ metadata, imagePullSecrets } = await readServiceAccount(api, namespace, name));
  }
}

function pathOf({ namespace, name }: { namespace: string; name: string }): string {
  return `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
}
