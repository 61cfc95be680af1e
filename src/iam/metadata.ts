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
  /** Of the service; by default `DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS`, else that of every VPC instance. */
  readonly address?: string;
}

/** The same for every VPC instance, and reachable from nowhere else. */
const usualAddress = 'http://169.254.169.254';
/** Milliseconds: the service is next door, or it is not there. */
const nearLimit = 1000;
/** Seconds that the instance's identity is needed for; IAM's token has a life of its own. */
const identityLife = 300;

interface Generation {
  /** A version of the interface under which these paths exist. */
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
 * An access token for a trusted profile of this VPC instance, by its ID; without one, for the instance's default
 * profile. Throws `refused`, or `unreachable`: after a second where nothing answers at the address.
 */
export async function requestInstanceToken(
  context: Context,
  profile: string | undefined,
  { address = metadataAddress(context), ...given }: MetadataOptions,
): Promise<AccessToken> {
  const options = { ...given, service: 'the metadata service', reason: 'metadata' } as const;
  const deadline = given.deadline ?? deadlineOf(context, requestTimeoutMs);
  const near = { ...options, deadline: Math.min(deadline, context.now() + nearLimit) };
  const [generation, identity] = await requestIdentity(context, address, near);
  const asked = context.now();
  const request: HttpRequest = {
    method: 'POST',
    url: urlOf(address, generation, 'token'),
    direct: true,
    headers: { Authorization: `Bearer ${identity}` },
    ...(profile === undefined ? {} : { body: { trusted_profile: { id: profile } } }),
  };
  const answer = await requestJson(context, request, { ...options, deadline, secrets: [identity] });
  return readAccessToken(answer, { from: nameOf(request, options), asked, now: context.now() });
}

/**
 * The address of the service: `DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS`, else the usual one. The instance's token is
 * sent there, and what it answers becomes the credential, so plain HTTP does not leave the machine or its own link.
 * Throws `misconfigured`; the message never repeats the address.
 */
export function metadataAddress({ env }: Context): string {
  const { DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: address } = env;
  if (!address) return usualAddress;
  const url = URL.parse(address);
  const isSafe =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && (isLoopback(url.hostname) || isLinkLocal(url.hostname)));
  // A user name, a path or a query would be dropped.
  if (isSafe && url.href === `${url.origin}/`) return url.origin;
  throw new HelperError(
    'misconfigured',
    'DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS is not an https:// address, nor an http:// address of this machine',
    { hint: `unset it, or set it to an address like ${usualAddress}` },
  );
}

/** The token by which the instance is known to the service, and the generation that gave it. */
async function requestIdentity(
  context: Context,
  address: string,
  options: CallOptions,
): Promise<readonly [Generation, string]> {
  const ask = (generation: Generation): Promise<HttpAnswer> =>
    requestAnswer(context, identityRequest(address, generation), options);
  const old = await ask(first);
  const generation = old.status === 404 ? second : first;
  const answer = generation === first ? old : await ask(second);
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
    body: { expires_in: identityLife },
  };
}

function urlOf(address: string, generation: Generation, path: 'identity' | 'token'): URL {
  return new URL(`${generation[path]}?version=${generation.version}`, address);
}
