import type { Accounts } from './accounts.ts';
import { type ChallengeForm, challenge } from './challenge.ts';
import { type Answer, json, type ReceivedRequest, type Service } from './exchange.ts';
import { type Content, createImage } from './image.ts';
import type { Signer } from './jwt.ts';
import { registryError, registryIssuer } from './registry-token.ts';
import { restrictionText } from './restrictions.ts';
import type { Access } from './scopes.ts';

/** The repository and tag of the included image. */
export const demoImage = { repository: 'demo/hello', tag: '1' } as const;

const repositoryPath = /^\/v2\/(.+)\/(manifests|blobs|tags)\/(.+)$/;

/** Returns the actions that the token grants on the repository; undefined if the token is not valid. */
async function grantedActions(signer: Signer, token: string | undefined, repository?: string) {
  const claims = token === undefined ? undefined : await signer.verify(token, registryIssuer);
  if (claims === undefined) return undefined;
  const access = Array.isArray(claims.access) ? (claims.access as Access[]) : [];
  return access.filter(({ name }) => name === repository).flatMap(({ actions }) => actions);
}

/** Answers an upload, which is accepted and never stored. */
function upload({ method, path, host }: ReceivedRequest): Answer {
  if (method === 'DELETE') return { status: 204, headers: {}, body: '' };
  const location = `https://${host}${path.replace(/\/$/, '')}/1`;
  return { status: 202, headers: { location }, body: '' };
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

/** A registry with one image, which starts and cancels uploads but stores nothing. */
export function createMiniRegistry(
  accounts: Accounts,
  signer: Signer,
  form: ChallengeForm,
): Service {
  const image = createImage('hello.txt', 'Hello from the sandbox.\n');
  return async (received) => {
    const [, repository, kind, reference = ''] = repositoryPath.exec(received.path) ?? [];
    const granted = await grantedActions(signer, received.bearer, repository);
    const action = received.method === 'GET' || received.method === 'HEAD' ? 'pull' : 'push';
    if (granted === undefined) {
      const scope = repository === undefined ? undefined : `repository:${repository}:pull`;
      const refusal = registryError(401, 'UNAUTHORIZED', 'authentication required');
      const headers = {
        ...refusal.headers,
        'www-authenticate': challenge(form, received.host, scope),
      };
      return { ...refusal, headers };
    }
    if (repository !== undefined) {
      const restrictions = accounts.restrictions();
      const text = restrictionText(restrictions, action, received.host);
      if (text !== undefined) return registryError(403, 'DENIED', text);
      const [namespace = ''] = repository.split('/');
      if (restrictions.onlyKnownNamespaces && accounts.namespace(namespace) === undefined) {
        return registryError(404, 'NAME_UNKNOWN', 'The requested namespace does not exist.');
      }
      if (!granted.includes(action)) return registryError(401, 'DENIED', 'insufficient scope');
      if (action === 'push' && reference.startsWith('uploads/')) return upload(received);
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
