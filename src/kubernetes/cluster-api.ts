import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { cannot } from '../files/storage-error.ts';
import { requestAnswer } from '../http/request.ts';
import type { HttpAnswer } from '../http/send.ts';
import { parseObject } from '../json-object.ts';
import { plain } from '../plain-text.ts';

/** A request to the Kubernetes API server. */
export interface ClusterRequest {
  readonly method: 'GET' | 'PATCH';
  readonly path: string;
  /** What is returned: objects without their data, so no secret of another program is read. */
  readonly as: 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly query?: Readonly<Record<string, string>>;
  /** Server-side apply. */
  readonly body?: object;
  /** A secret in the body, which is masked in messages. */
  readonly secret?: string;
}

/** Returns the response with any status. Throws `unreachable`. */
export type ClusterApi = (request: ClusterRequest) => Promise<HttpAnswer>;

/**
 * Returns the API of the cluster of this pod. `directory` contains `token` and `ca.crt` of its service account. Requests
 * are repeated after 429, 5xx and lost connections, for 10 s at most. Throws `misconfigured` outside a pod, and `storage`.
 */
export function inClusterApi(context: Context, directory: string): ClusterApi {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = context.env;
  if (host === '') {
    throw new HelperError('misconfigured', 'KUBERNETES_SERVICE_HOST is not set', {
      hint: 'run this command in a pod; see docker-credential-icr kubernetes manifests refresher',
    });
  }
  const address = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authority = read(path.join(directory, 'ca.crt'));
  return ({ method, path: target, as, query = {}, body, secret }) => {
    const url = new URL(`${address}${target}?${new URLSearchParams(query)}`);
    // The kubelet replaces the token before it expires.
    const token = read(path.join(directory, 'token')).trim();
    const headers = {
      Accept: `application/json;as=${as};g=meta.k8s.io;v=v1`,
      Authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/apply-patch+yaml' }),
    };
    const request = { method, url, headers, authority, direct: true, ...(body && { body }) };
    return requestAnswer(context, request, {
      service: 'the Kubernetes API',
      owner: target,
      hint: '',
      secrets: secret === undefined ? [token] : [token, secret],
    });
  };
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw cannot('read', file, error);
  }
}

/** An error response of the API server. `secret` was in the request. */
export function refusal({ status, text }: HttpAnswer, what: string, secret = ''): HelperError {
  const { message } = parseObject(text) ?? {};
  const said = typeof message === 'string' ? `: ${plain(message, [secret])}` : '';
  const hint =
    status === 403 ? 'compare the ClusterRole with docker-credential-icr kubernetes manifests' : '';
  return new HelperError('refused', `the Kubernetes API refused ${what} (${status}${said})`, {
    hint: hint || undefined,
  });
}
