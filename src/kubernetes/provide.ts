import { logAccess } from '../access-log/log-access.ts';
import { type Context, debug } from '../context.ts';
import { type Lookup, lookupIn } from '../identity/lookup.ts';
import { acceptsUserName } from '../identity/present.ts';
import { hostKey } from '../registry/match.ts';
import { type NodeOptions, nodeAnswer } from './node-identity.ts';
import type { PodOptions } from './pod-identity.ts';
import {
  type Image,
  type ProviderRequest,
  parseImage,
  parseProviderRequest,
} from './provider-request.ts';
import { type ProviderAnswer, providerResponse, tokenDuration } from './provider-response.ts';

export type ProvideOptions = NodeOptions & PodOptions;

/**
 * Returns the CredentialProviderResponse to a CredentialProviderRequest. The response is empty for an image of another
 * registry and if no credential is configured. Throws `HelperError` if a configured credential fails.
 */
export async function provide(
  context: Context,
  text: string,
  options: ProvideOptions,
): Promise<string> {
  const request = parseProviderRequest(text, (line) => debug(context, line));
  const image = parseImage(request.image);
  const answer =
    image === undefined ? undefined : await answerFor(lookupIn(context), request, image, options);
  return providerResponse(request.apiVersion, answer);
}

async function answerFor(
  lookup: Lookup,
  request: ProviderRequest,
  image: Image,
  options: ProvideOptions,
): Promise<ProviderAnswer | undefined> {
  const { context, settings } = lookup;
  const isForPod = needsPodIdentity(request, options);
  // Pods get access tokens only.
  if (isForPod && !acceptsUserName(image.host, 'iambearer')) return undefined;
  const pod = isForPod
    ? await (await import('./pod-identity.ts')).podToken(
        context,
        request,
        options,
        (await settings()).iamEndpoint,
      )
    : undefined;
  if (pod === undefined) return nodeAnswer(lookup, image, options);
  await logAccess(context, settings(), {
    command: 'kubelet',
    host: hostKey(image.host),
    credential: { username: 'iambearer' },
    secret: pod.token,
  });
  return {
    match: image.registry,
    username: 'iambearer',
    password: pod.token,
    key: 'Registry',
    durationMs: tokenDuration(pod, context.now()),
  };
}

function needsPodIdentity(request: ProviderRequest, options: ProvideOptions): boolean {
  const { serviceAccountToken = '', serviceAccountAnnotations } = request;
  return (
    serviceAccountToken !== '' ||
    Object.keys(serviceAccountAnnotations).length > 0 ||
    options.serviceAccounts === true ||
    options.trustedProfile !== undefined
  );
}
