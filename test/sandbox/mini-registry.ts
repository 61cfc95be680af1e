import { type ChallengeForm, challenge } from './challenge.ts';
import { type Answer, json, type ReceivedRequest, type Service } from './exchange.ts';
import { type Content, createImage } from './image.ts';
import type { Signer } from './jwt.ts';
import { registryError, registryIssuer } from './registry-token.ts';
import type { Access } from './scopes.ts';

/** The repository and tag of the included image. */
export const demoImage = { repository: 'demo/hello', tag: '1' } as const;

const repositoryPath = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/;

async function mayPull(signer: Signer, token: string | undefined, repository: string | undefined) {
  const claims = token === undefined ? undefined : await signer.verify(token, registryIssuer);
  if (claims === undefined) return false;
  const access = Array.isArray(claims.access) ? (claims.access as Access[]) : [];
  return (
    repository === undefined ||
    access.some(({ name, actions }) => name === repository && actions.includes('pull'))
  );
}

function found({ mediaType, digest, bytes }: Content, { method }: ReceivedRequest): Answer {
  return {
    status: 200,
    headers: {
      'content-type': mediaType,
      'content-length': String(bytes.length),
      'docker-content-digest': digest,
    },
    body: method === 'HEAD' ? '' : bytes,
  };
}

/** A read-only registry with one image: sufficient to fetch a manifest with a credential. */
export function createMiniRegistry(signer: Signer, form: ChallengeForm): Service {
  const image = createImage('hello.txt', 'Hello from the sandbox.\n');
  return async (received) => {
    const [, repository, kind, reference = ''] = repositoryPath.exec(received.path) ?? [];
    if (!(await mayPull(signer, received.bearer, repository))) {
      const scope = repository === undefined ? undefined : `repository:${repository}:pull`;
      const refusal = registryError(401, 'UNAUTHORIZED', 'authentication required');
      const headers = {
        ...refusal.headers,
        'www-authenticate': challenge(form, received.host, scope),
      };
      return { ...refusal, headers };
    }
    if (received.path === '/v2/') return json(200, {});
    if (received.method !== 'GET' && received.method !== 'HEAD') {
      return registryError(405, 'UNSUPPORTED', 'The sandbox registry is read only.');
    }
    if (repository !== demoImage.repository)
      return registryError(404, 'NAME_UNKNOWN', 'no such repository');
    if (kind === 'tags') return json(200, { name: repository, tags: [demoImage.tag] });
    const { manifest, config, layer } = await image;
    const content =
      kind === 'blobs'
        ? [config, layer].find(({ digest }) => digest === reference)
        : [demoImage.tag, manifest.digest].includes(reference) && manifest;
    if (content) return found(content, received);
    return kind === 'blobs'
      ? registryError(404, 'BLOB_UNKNOWN', 'no such blob')
      : registryError(404, 'MANIFEST_UNKNOWN', 'no such manifest');
  };
}
