import type { Context } from '../context.ts';
import { deadlineOf } from '../deadline.ts';
import { HelperError } from '../errors.ts';
import { accept, unreachable } from '../http/accept.ts';
import { isLinkLocal, isLoopback } from '../http/local-address.ts';
import {
  type CallOptions,
  nameOf,
  requestAnswer,
  requestJson,
  requestTimeoutMs,
} from '../http/request.ts';
import type { HttpAnswer, HttpRequest } from '../http/send.ts';
import { textOf } from '../json-object.ts';
import { type AccessToken, readAccessToken } from './access-token.ts';

export interface MetadataOptions extends Omit<CallOptions, 'service' | 'secrets'> {
  /** The address of the service; by default the result of `metadataAddress`. */
  readonly address?: string;
}

/** The link-local address of the service, the same on all VPC instances. */
const defaultAddress = 'http://169.254.169.254';
/** The timeout of the first request: the service is local and answers quickly, or does not exist. */
const identityTimeoutMs = 1000;
/** The requested lifetime of the instance's identity token; it does not limit the access token's. */
const identityLifetimeSeconds = 300;

/** A version of the service's API with its paths. */
interface Generation {
  readonly version: string;
  readonly identity: string;
  readonly token: string;
}

const first: Generation = {
  version: '2022-03-01',
  identity: '/instance_identity/v1/token',
  token: '/instance_identity/v1/iam_token',
};
const second: Generation = {
  version: '2025-08-26',
  identity: '/identity/v1/token',
  token: '/identity/v1/iam_tokens',
};

/**
 * Requests an access token for a trusted profile of this VPC instance, or for the instance's default profile if
 * `profile` is undefined. Throws `refused` or `unreachable`, after at most a second if the service does not exist.
 */
export async function requestInstanceToken(
  context: Context,
  profile: string | undefined,
  { address = metadataAddress(context), ...callOptions }: MetadataOptions,
): Promise<AccessToken> {
  const options = { ...callOptions, service: 'the metadata service', reason: 'metadata' } as const;
  const deadline = callOptions.deadline ?? deadlineOf(context, requestTimeoutMs);
  const [generation, identity] = await requestIdentity(context, address, {
    ...options,
    deadline: Math.min(deadline, context.now() + identityTimeoutMs),
  });
  const requestedAt = context.now();
  const request: HttpRequest = {
    method: 'POST',
    url: urlOf(address, generation, 'token'),
    direct: true,
    headers: { Authorization: `Bearer ${identity}` },
    ...(profile === undefined ? {} : { body: { trusted_profile: { id: profile } } }),
  };
  const answer = await requestJson(context, request, { ...options, deadline, secrets: [identity] });
  const from = nameOf(request, options);
  return readAccessToken(answer, { from, requestedAt, now: context.now() });
}

/**
 * Returns the address of the service: `DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS`, or the default. Plain HTTP is allowed
 * only for loopback and link-local addresses, because tokens are sent and received. Throws `misconfigured`; the message
 * does not contain the address.
 */
export function metadataAddress({ env }: Context): string {
  const { DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: address } = env;
  if (!address) return defaultAddress;
  const url = URL.parse(address);
  const isSafe =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && (isLoopback(url.hostname) || isLinkLocal(url.hostname)));
  // Addresses with a user name, path or query are invalid: these parts would be ignored.
  if (isSafe && url.href === `${url.origin}/`) return url.origin;
  throw new HelperError(
    'misconfigured',
    'DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS is neither an https:// address nor a local http:// address',
    { hint: `unset it, or set it to an address like ${defaultAddress}` },
  );
}

/** Requests the instance's identity token, from the second generation if the first does not exist. */
async function requestIdentity(
  context: Context,
  address: string,
  options: CallOptions,
): Promise<readonly [Generation, string]> {
  const request = (generation: Generation): Promise<HttpAnswer> =>
    requestAnswer(context, identityRequest(address, generation), options);
  const firstAnswer = await request(first);
  const generation = firstAnswer.status === 404 ? second : first;
  const answer = generation === first ? firstAnswer : await request(second);
  const name = nameOf(identityRequest(address, generation), options);
  const identity = textOf(accept(answer, name, options), 'access_token');
  if (identity === undefined) {
    throw unreachable(`${name} answered without an identity token`, { reason: 'metadata' });
  }
  return [generation, identity];
}

function identityRequest(address: string, generation: Generation): HttpRequest {
  return {
    method: 'PUT',
    url: urlOf(address, generation, 'identity'),
    direct: true,
    headers: { 'Metadata-Flavor': 'ibm' },
    body: { expires_in: identityLifetimeSeconds },
  };
}

function urlOf(address: string, generation: Generation, path: 'identity' | 'token'): URL {
  return new URL(`${generation[path]}?version=${generation.version}`, address);
}
