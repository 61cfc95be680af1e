import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { describe, unreachable } from '../http/accept.ts';
import { type CallOptions, requestAnswer } from '../http/request.ts';
import type { HttpAnswer, HttpRequest } from '../http/send.ts';
import { serviceCode } from '../http/service-error.ts';
import type { ImageReference } from './image-reference.ts';

/** The media types of manifests that clients accept. Without them, registries answer 404 to some images. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Returns the scope that clients request: `repository:ns/image:pull,push`. */
export function scopeOf({ repository }: ImageReference, isPush: boolean): string {
  return `repository:${repository}:${isPush ? 'pull,push' : 'pull'}`;
}

/**
 * Requests the image's manifest with the token. Throws `refused`, with the registry's error code (`NAME_UNKNOWN`,
 * `MANIFEST_UNKNOWN`, `DENIED`), or `unreachable`.
 */
export async function tryPull(
  context: Context,
  image: ImageReference,
  authorization: string,
  secrets: CallOptions['secrets'],
  deadline: number,
): Promise<void> {
  const url = urlOf(image, `manifests/${image.reference}`);
  const headers = { Authorization: authorization, Accept: manifestTypes };
  const options = optionsFor(image, secrets, deadline);
  const answer = await requestAnswer(context, { method: 'GET', url, headers }, options);
  if (answer.status !== 200) throw refusal(image, 'a pull', answer, secrets);
}

/**
 * Starts an upload and cancels it: the only request that a registry checks like a push. Nothing is stored.
 * go-containerregistry does the same in `remote.CheckPushPermission`. Throws like `tryPull`.
 */
export async function tryPush(
  context: Context,
  image: ImageReference,
  authorization: string,
  secrets: CallOptions['secrets'],
  deadline: number,
): Promise<void> {
  const url = urlOf(image, 'blobs/uploads/');
  const headers = { Authorization: authorization };
  const options = { ...optionsFor(image, secrets, deadline), sendOnce: true };
  const answer = await requestAnswer(context, { method: 'POST', url, headers }, options);
  if (answer.status !== 202) throw refusal(image, 'a push', answer, secrets);
  const upload = URL.parse(answer.header('location') ?? '', url);
  // The token is not sent to another host.
  if (upload?.origin !== url.origin) return;
  const cancel: HttpRequest = { method: 'DELETE', url: upload, headers };
  // If this fails, the registry removes the empty upload after some time.
  await requestAnswer(context, cancel, options).catch(() => undefined);
}

function urlOf({ host: { name, port }, repository }: ImageReference, path: string): URL {
  const server = port === undefined ? name : `${name}:${port}`;
  return new URL(`https://${server}/v2/${repository}/${path}`);
}

function optionsFor({ host }: ImageReference, secrets: CallOptions['secrets'], deadline: number) {
  return { service: host.name, owner: '', hint: '', secrets: secrets ?? [], deadline };
}

function refusal(
  { host }: ImageReference,
  what: string,
  answer: HttpAnswer,
  secrets: CallOptions['secrets'],
): HelperError {
  const answered = describe(answer, secrets);
  // A redirect or a page without an error code comes from a proxy or a gateway.
  const code = serviceCode(answer.text);
  const isRegistry = answer.status >= 400 && answer.status <= 499 && answer.status !== 407;
  if (!isRegistry) return unreachable(`${host.name} answered ${answered} to ${what}`);
  return new HelperError('refused', `${host.name} refused ${what}: ${answered}`, {
    serviceText: answered,
    serviceCode: code ?? (answer.status === 404 ? 'NAME_UNKNOWN' : undefined),
  });
}
