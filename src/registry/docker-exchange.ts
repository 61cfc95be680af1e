import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { unreachable } from '../http/accept.ts';
import { type CallOptions, requestAnswer, requestJson } from '../http/request.ts';
import type { HttpAnswer, HttpRequest } from '../http/send.ts';
import { serviceCode, serviceError } from '../http/service-error.ts';
import { textOf } from '../json-object.ts';
import { shownName } from '../visible.ts';
import { type Challenge, parseChallenge, requireRealm } from './challenge.ts';

interface DockerCredential {
  readonly Username: string;
  readonly Secret: string;
}

type Bearer = Extract<Challenge, { scheme: 'bearer' }>;

/**
 * Verifies a credential at the registry's token endpoint as `docker login` does, without an image. Throws `refused`
 * with the registry's error text, or `unreachable`.
 */
export async function verifyAtTokenEndpoint(
  context: Context,
  host: string,
  credential: DockerCredential,
  { owner, hint }: { readonly owner: string; readonly hint: string },
): Promise<void> {
  const { Username, Secret } = credential;
  const url = new URL(`https://${host}/oauth/token`);
  url.search = new URLSearchParams({ service: 'registry', account: Username }).toString();
  const headers = { Authorization: basic(credential) };
  const options = { service: host, owner, hint, secrets: [Secret] };
  await requestJson(context, { method: 'GET', url, headers }, options);
}

/**
 * Authenticates as Docker does before a pull: requests `/v2/`, parses the challenge, gets a token from the endpoint in
 * it, and requests `/v2/` again with the token. Throws `refused` with the registry's error text, or `unreachable`.
 * Source: distribution/distribution, registry/client/auth/session.go.
 */
export async function signInAsDocker(
  context: Context,
  host: string,
  credential: DockerCredential,
  deadline: number,
): Promise<void> {
  const options = optionsFor(credential, deadline);
  const authorization = await authorize(context, host, credential, options);
  if (authorization === undefined) return;
  const second = await requestAnswer(context, ping(host, authorization), {
    ...options,
    secrets: [...options.secrets, authorization],
  });
  if (second.status === 200) return;
  const reason =
    serviceError(second.text, [credential.Secret, authorization]) ?? String(second.status);
  throw new HelperError('refused', `${host} issued a token and then refused it (${reason})`, {
    serviceCode: serviceCode(second.text),
  });
}

/**
 * Exchanges a credential for the `Authorization` header of requests with this scope (`repository:ns/image:pull`), as
 * clients do before a pull or push; without a credential, like clients that pull a public image. Returns undefined if the registry
 * requires no authentication. Throws like `signInAsDocker`.
 */
export function authorizeScope(
  context: Context,
  host: string,
  credential: DockerCredential | undefined,
  scope: string,
  deadline: number,
): Promise<string | undefined> {
  return authorize(context, host, credential, optionsFor(credential, deadline), scope);
}

function optionsFor(credential: DockerCredential | undefined, deadline: number) {
  const labels = { service: 'the registry', hint: '', deadline };
  if (credential === undefined) return { ...labels, owner: 'a pull', secrets: [] };
  const { Username, Secret } = credential;
  return { ...labels, owner: `user name ${shownName(Username)}`, secrets: [Secret] };
}

async function authorize(
  context: Context,
  host: string,
  credential: DockerCredential | undefined,
  options: CallOptions,
  scope?: string,
): Promise<string | undefined> {
  const first = await requestAnswer(context, ping(host), options);
  if (first.status === 200) return undefined;
  const challenge =
    first.status === 401 ? parseChallenge(first.header('www-authenticate')) : undefined;
  if (challenge === undefined) throw noChallenge(host, first);
  if (challenge.scheme === 'basic') return credential && basic(credential);
  const wanted = { ...challenge, scope: scope ?? challenge.scope };
  return `Bearer ${await tokenFor(context, host, wanted, credential, options)}`;
}

function ping(host: string, authorization?: string): HttpRequest {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return { method: 'GET', url: new URL(`https://${host}/v2/`), headers };
}

function noChallenge(host: string, { status }: HttpAnswer): HelperError {
  return unreachable(`${host} answered ${status} to /v2/ without an authentication challenge`);
}

async function tokenFor(
  context: Context,
  host: string,
  challenge: Bearer,
  credential: DockerCredential | undefined,
  options: CallOptions,
): Promise<string> {
  const request = tokenRequest(requireRealm(challenge.realm, host), challenge, credential);
  const answer = await requestJson(context, request, options);
  const token = textOf(answer, 'token') ?? textOf(answer, 'access_token');
  if (token !== undefined) return token;
  throw unreachable(`${host} answered without a token`);
}

/** Returns a GET request, or a POST request for an identity token, which has the user name `<token>`. */
function tokenRequest(
  url: URL,
  { service, scope }: Bearer,
  credential: DockerCredential | undefined,
): HttpRequest {
  const target = { ...(service && { service }), ...(scope && { scope }) };
  if (credential?.Username !== '<token>') {
    for (const [name, value] of Object.entries(target)) url.searchParams.append(name, value);
    if (credential === undefined) return { method: 'GET', url };
    url.searchParams.append('account', credential.Username);
    return { method: 'GET', url, headers: { Authorization: basic(credential) } };
  }
  const { Secret } = credential;
  const grant = { grant_type: 'refresh_token', refresh_token: Secret, client_id: 'docker' };
  return { method: 'POST', url, body: new URLSearchParams({ ...grant, ...target }) };
}

function basic({ Username, Secret }: DockerCredential): string {
  return `Basic ${Buffer.from(`${Username}:${Secret}`).toString('base64')}`;
}
