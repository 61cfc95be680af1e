import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import type { ClusterApi } from './cluster-api.ts';

/** Why a Secret could not be renewed. */
export interface RefreshFailure {
  readonly secretName: string;
  readonly error: HelperError;
  /** When its token expires, in milliseconds since 1970; undefined if it has none, or that is not known. */
  readonly expiresAt?: number | undefined;
}

/** The API server refuses longer messages. */
const maxMessage = 1024;

/**
 * Writes a warning, and creates an Event on the Secret, so that users of the namespace see why it was not renewed. Kubernetes
 * deletes Events after an hour by default. A failure of the Event is ignored: it must not hide the first one.
 */
export async function reportFailure(
  context: Context,
  api: ClusterApi,
  namespace: string,
  failure: RefreshFailure,
): Promise<void> {
  const { secretName, error } = failure;
  context.warn(`namespace ${namespace}: ${error.message}`, error.hint);
  const time = new Date(context.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: `${secretName}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Secret', namespace, name: secretName },
    type: 'Warning',
    reason: 'RenewalFailed',
    message: messageOf(failure, context.now()),
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

function messageOf({ error, expiresAt }: RefreshFailure, now: number): string {
  const message = inOneLine(error);
  if (expiresAt === undefined) return message.slice(0, maxMessage);
  const verb = expiresAt > now ? 'expires' : 'expired';
  const state = `; the token in the Secret ${verb} at ${new Date(expiresAt).toISOString()}`;
  return message.slice(0, maxMessage - state.length) + state;
}
