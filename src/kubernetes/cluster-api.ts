import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { type Regular, readRegular } from '../files/regular-file.ts';
import { cannot } from '../files/storage-error.ts';
import { requestAnswer } from '../http/request.ts';
import type { HttpAnswer } from '../http/send.ts';
import { parseObject } from '../json-object.ts';
import { plain } from '../mask.ts';
import { type WatchEvent, watchEvents } from './cluster-watch.ts';

/** A request to the Kubernetes API server. */
export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  /** Requests objects without their data; Secrets of other programs are not read. By default whole objects. */
  readonly as?: 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The kind of a PATCH: server-side apply, or a merge patch of RFC 7396. */
  readonly patch?: 'apply' | 'merge';
  /** A secret in the body, which is masked in messages. */
  readonly secret?: string;
}

/** Returns the response with any status. Throws `unreachable`, and `storage` for the files of the service account. */
export type ClusterApi = (request: ClusterRequest) => Promise<HttpAnswer>;

/** A watch of the metadata of objects. */
interface WatchRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

export type ClusterWatch = (request: WatchRequest, stop: AbortSignal) => AsyncIterable<WatchEvent>;

/** The field manager of server-side apply. */
export const fieldManager = 'docker-credential-icr';

const contentTypes = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
} as const;

/**
 * Returns the API of the cluster of this pod. `directory` contains `token` and `ca.crt` of its service account. Requests
 * are repeated after 429, 5xx and lost connections, for 10 s at most; watches are not. Throws `misconfigured` outside a pod,
 * and `storage`.
 */
export function inClusterApi(
  context: Context,
  directory: string,
): { readonly api: ClusterApi; readonly watch: ClusterWatch } {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = context.env;
  if (host === '') {
    throw new HelperError('misconfigured', 'KUBERNETES_SERVICE_HOST is not set', {
      hint: 'run this command in a pod; see docker-credential-icr kubernetes manifests refresher',
    });
  }
  const address = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authorityFile = path.join(directory, 'ca.crt');
  read(authorityFile);
  const requestOf = ({ method, path: target, as, query = {}, body, patch }: ClusterRequest) => {
    // The kubelet replaces both files.
    const token = read(path.join(directory, 'token')).trim();
    const authority = read(authorityFile);
    const headers = {
      Accept:
        as === undefined ? 'application/json' : `application/json;as=${as};g=meta.k8s.io;v=v1`,
      Authorization: `Bearer ${token}`,
      ...(patch === undefined ? {} : { 'Content-Type': contentTypes[patch] }),
    };
    const url = new URL(`${address}${target}?${new URLSearchParams(query)}`);
    const sent = { method, url, headers, authority, maxAnswerBytes, ...(body && { body }) };
    return { token, ...sent, direct: true };
  };
  return {
    api: (request) => {
      const { token, ...sent } = requestOf(request);
      return requestAnswer(context, sent, {
        service: 'the Kubernetes API',
        owner: request.path,
        hint: '',
        secrets: request.secret === undefined ? [token] : [token, request.secret],
        // A repeated POST could create a second object.
        sendOnce: request.method === 'POST',
      });
    },
    watch: ({ path: target, query }, stop) => {
      const as = 'PartialObjectMetadata';
      const { token: _, ...sent } = requestOf({ method: 'GET', path: target, as, query });
      return watchEvents(sent, stop);
    },
  };
}

/** A page of a list. */
const maxAnswerBytes = 32 * 1024 * 1024;
/** A certificate authority and a token have a few thousand bytes. */
const maxBytes = 1024 * 1024;

function read(file: string): string {
  let found: Regular;
  try {
    found = readRegular(file, maxBytes);
  } catch (error) {
    throw cannot('read', file, error);
  }
  if ('bytes' in found) return found.bytes.toString();
  const problem = 'size' in found ? 'is larger than 1 MiB' : `is ${found.type}, not a regular file`;
  throw new HelperError('storage', `${file} ${problem}`, { hint: 'check that path' });
}

/** An error response of the API server. `secret` was in the request. */
export function refusal(
  { status, text }: Pick<HttpAnswer, 'status' | 'text'>,
  what: string,
  secret = '',
): HelperError {
  const { message } = parseObject(text) ?? {};
  const said = typeof message === 'string' ? `: ${plain(message, [secret])}` : '';
  const hint =
    status === 403 ? 'compare the ClusterRole with docker-credential-icr kubernetes manifests' : '';
  return new HelperError('refused', `the Kubernetes API refused ${what} (${status}${said})`, {
    hint: hint || undefined,
  });
}
