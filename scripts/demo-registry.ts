import { createHash } from 'node:crypto';
import { parseChallenge } from '../src/registry/challenge.ts';
import { isIbmHost } from '../src/registry/match.ts';
import { parseServerURL } from '../src/registry/parse.ts';
import type { Answer, Cloud } from './demo-cloud.ts';
import type { Image } from './demo-image.ts';
import { DemoError, say } from './demo-output.ts';
import type { DockerCredential } from './demo-programs.ts';

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** Exchanges the credential for a token, and fetches the manifest of the image with it. */
export async function pull(
  cloud: Cloud,
  credential: DockerCredential,
  { repository, reference }: Image,
): Promise<void> {
  const token = await exchange(cloud, credential, `repository:${repository}:pull`);
  const url = new URL(`https://${cloud.host}/v2/${repository}/manifests/${reference}`);
  const answer = await cloud.get(url, {
    Accept: manifestTypes.join(', '),
    Authorization: `Bearer ${token}`,
  });
  expectOk(url, answer);
  say(`GET ${url} with it: ${answer.status}\n${describeManifest(answer)}`);
}

/** Exchanges the credential for a token without a repository, and requests `/v2/`, which requires authentication. */
export async function signIn(cloud: Cloud, credential: DockerCredential): Promise<void> {
  const token = await exchange(cloud, credential);
  const url = base(cloud);
  const answer = await cloud.get(url, { Authorization: `Bearer ${token}` });
  expectOk(url, answer);
  say(`GET ${url} with it: ${answer.status}, logged in`);
}

function base({ host }: Cloud): URL {
  return new URL(`https://${host}/v2/`);
}

/** Exchanges the credential for the registry's token, as every client does before its first request. */
async function exchange(
  cloud: Cloud,
  { username, secret }: DockerCredential,
  scope?: string,
): Promise<string> {
  const url = await tokenEndpoint(cloud);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  const basic = Buffer.from(`${username}:${secret}`).toString('base64');
  const answer = await cloud.get(url, { Authorization: `Basic ${basic}` });
  expectOk(url, answer);
  const { token, access_token, expires_in = 60 } = JSON.parse(answer.text);
  say(`GET ${decodeURIComponent(url.href)}`);
  say(`as ${username}: ${answer.status}, a token that expires in ${expires_in} s`);
  return token ?? access_token;
}

/** Returns the token endpoint from the registry's challenge, with its service parameter. */
async function tokenEndpoint(cloud: Cloud): Promise<URL> {
  const url = base(cloud);
  const { status, header } = await cloud.get(url, {});
  const text = header('www-authenticate') ?? '';
  say(`GET ${url}: ${status}, ${text}`);
  const challenge = parseChallenge(text);
  const realm = challenge?.scheme === 'bearer' ? URL.parse(challenge.realm) : null;
  if (challenge?.scheme !== 'bearer' || realm === null) {
    throw new DemoError(`${url} answered ${status} without a token endpoint`);
  }
  assertIbmHost(realm);
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
  return realm;
}

/** Throws if the token endpoint is not IBM's, because the secret is sent to it. */
function assertIbmHost(realm: URL): void {
  const host = parseServerURL(realm.host);
  if (realm.protocol === 'https:' && !('problem' in host) && isIbmHost(host)) return;
  throw new DemoError(
    `the registry's token endpoint is ${realm.origin}, which does not belong to IBM`,
  );
}

function expectOk(url: URL, { status, text }: Answer): void {
  if (status === 200) return;
  const said = text.replaceAll(/\s+/g, ' ').slice(0, 200);
  throw new DemoError(`${url.origin}${url.pathname} answered ${status}: ${said}`);
}

/** Checks the digest of the manifest, and returns a description of it. */
function describeManifest({ text, header }: Answer): string {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const named = header('docker-content-digest') ?? digest;
  if (named !== digest)
    throw new DemoError(`the manifest has the digest ${digest}; expected ${named}`);
  const { mediaType, layers, manifests } = JSON.parse(text);
  const parts = Array.isArray(layers) ? `layers: ${layers.length}` : `images: ${manifests?.length}`;
  return `${digest}\n${mediaType ?? header('content-type')}, ${parts}`;
}
