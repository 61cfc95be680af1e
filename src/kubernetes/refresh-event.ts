import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import type { ClusterApi } from './cluster-api.ts';

/** The API server refuses longer messages. */
const maxMessage = 1024;

/**
 * Creates an Event on the Secret, so that users of the namespace see why it was not renewed. Kubernetes deletes Events after
 * an hour by default. A failure is ignored: it must not hide the first one.
 */
export async function reportFailure(
  context: Context,
  api: ClusterApi,
  namespace: string,
  secretName: string,
  error: HelperError,
): Promise<void> {
  const time = new Date(context.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: `${secretName}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Secret', namespace, name: secretName },
    type: 'Warning',
    reason: 'RenewalFailed',
    message: inOneLine(error).slice(0, maxMessage),
    source: { component: 'docker-credential-icr' },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  try {
    const path = `/api/v1/namespaces/${namespace}/events`;
    const { status } = await api({ method: 'POST', path, as: 'PartialObjectMetadata', body });
    if (status !== 201) debug(context, `namespace ${namespace}: no Event was created (${status})`);
  } catch (failed) {
    if (!(failed instanceof HelperError)) throw failed;
    debug(context, `namespace ${namespace}: no Event was created: ${failed.message}`);
  }
}
