import { type Context, deadlineOf } from '../context.ts';
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

interface MetadataOptions extends Omit<CallOptions, 'service' | 'secrets'> {
  /** The addresses of the service, in the order in which they are tried; by default the result of `metadataAddresses`. */
  readonly addresses?: readonly string[];
  /** The limit until the service identifies this instance; by default one second. */
  readonly identityTimeoutMs?: number;
}

/** The same for every VPC instance and bare metal server, and reachable from nowhere else. */
const defaultAddress = 'http://169.254.169.254';
/** That of Power Virtual Server. */
const powerAddress = 'https://api.metadata.power-iaas.cloud.ibm.com';
/** The service is on the same link: it responds within milliseconds, or does not exist. */
const defaultIdentityTimeoutMs = 1000;
/** The lifetime of the instance's identity, which is needed only to request IAM's token. That one has its own lifetime. */
const identityLifetimeSeconds = 300;

/** A version of the service's API with its paths. */
interface Generation {
  /** A version of the interface under which these paths exist; Power Virtual Server does not define this parameter. */
  readonly version?: string;
  readonly identity: string;
  readonly token: string;
}

const paths = { identity: '/identity/v1/token', token: '/identity/v1/iam_tokens' };

/** In the order in which they are tried. Bare metal servers have only the first. */
const generations: readonly Generation[] = [
  { ...paths, version: '2025-08-26' },
  paths,
  {
    version: '2022-03-01',
    identity: '/instance_identity/v1/token',
    token: '/instance_identity/v1/iam_token',
  },
];

/**
 * An access token for a trusted profile of this instance, by its ID or CRN; without one, for the instance's default
 * profile. Throws `refused`, or `unreachable`: after a second or two if nothing answers.
 */
export async function requestInstanceToken(
  context: Context,
  profile: InstanceProfile | undefined,
  { addresses = metadataAddresses(context), ...callOptions }: MetadataOptions,
): Promise<AccessToken> {
  const options = { ...callOptions, service: 'the metadata service', reason: 'metadata' } as const;
  const deadline = callOptions.deadline ?? deadlineOf(context, requestTimeoutMs);
  const found = await findIdentity(context, addresses, { ...options, deadline });
  const requestedAt = context.now();
  const request: HttpRequest = {
    method: 'POST',
    url: urlOf(found.address, found.generation, 'token'),
    direct: true,
    headers: { Authorization: `Bearer ${found.identity}`, ...flavor },
    ...(profile === undefined ? {} : { body: { trusted_profile: profile } }),
  };
  const { identity } = found;
  const answer = await requestJson(context, request, { ...options, deadline, secrets: [identity] });
  const from = nameOf(request, options);
  return readAccessToken(answer, { from, requestedAt, now: context.now() });
}

/** How the service names a profile: not by its name. */
type InstanceProfile = { readonly id: string } | { readonly crn: string };

/** On both requests: Power Virtual Server needs it there, and the others ignore it. */
const flavor = { 'Metadata-Flavor': 'ibm' } as const;

/**
 * The addresses of the service: `DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS`, or the variables of the ibmcloud CLI, or the usual
 * ones. The instance's token is sent there, and what it answers becomes the credential, so plain HTTP does not leave the
 * machine or its own link. Throws `misconfigured`; the message never repeats the address.
 */
export function metadataAddresses({ env }: Context): readonly string[] {
  const name = addressVariables.find((each) => env[each]);
  if (name === undefined) return [defaultAddress, powerAddress];
  const url = URL.parse(env[name] ?? '');
  const isSafe =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && (isLoopback(url.hostname) || isLinkLocal(url.hostname)));
  // Addresses with a user name, path or query are invalid: these parts would be ignored.
  if (isSafe && url.href === `${url.origin}/`) return [url.origin];
  throw new HelperError(
    'misconfigured',
    `${name} is neither an https:// address nor a local http:// address`,
    { hint: `unset it, or set it to an address like ${defaultAddress}` },
  );
}

const addressVariables = [
  'DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS',
  'IBMCLOUD_CR_PVS_URL',
  'IBMCLOUD_CR_VPC_URL',
];

interface Identity {
  readonly address: string;
  readonly generation: Generation;
  /** The token by which the instance is known to the service. */
  readonly identity: string;
}

/** Tries the addresses until the service answers at one. Throws the error of the first, which is that of most machines. */
async function findIdentity(
  context: Context,
  [address = defaultAddress, ...others]: readonly string[],
  options: CallOptions & Pick<MetadataOptions, 'identityTimeoutMs'> & { readonly deadline: number },
): Promise<Identity> {
  const { identityTimeoutMs = defaultIdentityTimeoutMs } = options;
  const near = () => ({
    ...options,
    deadline: Math.min(options.deadline, context.now() + identityTimeoutMs),
  });
  try {
    return await requestIdentity(context, address, near());
  } catch (error) {
    if (others.length === 0 || !(error instanceof HelperError)) throw error;
    return await findIdentity(context, others, options).catch(() => {
      throw error;
    });
  }
}

/** Tries the generations of the interface until one has the path. */
async function requestIdentity(
  context: Context,
  address: string,
  options: CallOptions,
): Promise<Identity> {
  let refusal: [HttpRequest, HttpAnswer] | undefined;
  for (const generation of generations) {
    const request = identityRequest(address, generation);
    const answer = await requestAnswer(context, request, options);
    if (answer.status === 404 || answer.status === 400) {
      // Another error is more specific than that of a path that does not exist.
      if (refusal === undefined || refusal[1].status === 404) refusal = [request, answer];
      continue;
    }
    const name = nameOf(request, options);
    const identity = textOf(accept(answer, name, options), 'access_token');
    if (identity !== undefined) return { address, generation, identity };
    throw unreachable(`${name} answered without an identity token`, { reason: 'metadata' });
  }
  const [request, answer] = refusal as [HttpRequest, HttpAnswer];
  accept(answer, nameOf(request, options), options);
  throw unreachable(`${nameOf(request, options)} has no known path`, { reason: 'metadata' });
}

function identityRequest(address: string, generation: Generation): HttpRequest {
  return {
    method: 'PUT',
    url: urlOf(address, generation, 'identity'),
    direct: true,
    headers: flavor,
    body: { expires_in: identityLifetimeSeconds },
  };
}

function urlOf(address: string, generation: Generation, path: 'identity' | 'token'): URL {
  const { version } = generation;
  return new URL(generation[path] + (version === undefined ? '' : `?version=${version}`), address);
}
