import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, refusal } from './cluster-api.ts';

const maxAttempts = 3;

/**
 * Adds a pull Secret to those of a service account, and keeps the others. The list is replaced as a whole, with the
 * version that was read: neither server-side apply nor a strategic merge patch can add one item to it. Throws `refused` or
 * `unreachable`.
 */
export async function usePullSecret(
  api: ClusterApi,
  namespace: string,
  account: string,
  secretName: string,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}`;
  for (let attempt = 1; ; attempt += 1) {
    const found = await api({ method: 'GET', path });
    if (found.status !== 200) throw refusal(found, `to return the service account ${account}`);
    const { metadata, imagePullSecrets } = parseObject(found.text) ?? {};
    const existing: readonly unknown[] = Array.isArray(imagePullSecrets) ? imagePullSecrets : [];
    if (existing.some((each) => isObject(each) && each.name === secretName)) return;
    const { uid, resourceVersion } = isObject(metadata) ? metadata : {};
    const answer = await api({
      method: 'PATCH',
      patch: 'merge',
      path,
      as: 'PartialObjectMetadata',
      body: {
        metadata: { uid, resourceVersion },
        imagePullSecrets: [...existing, { name: secretName }],
      },
    });
    if (answer.status === 200) return;
    if (answer.status !== 409 || attempt === maxAttempts) {
      throw refusal(answer, `to change the service account ${account}`);
    }
  }
}
