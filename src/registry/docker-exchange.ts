import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { unreachable } from '../http/accept.ts';
import { type CallOptions, requestAnswer, requestJson } from '../http/request.ts';
import type { HttpAnswer, HttpRequest } from '../http/send.ts';
import { serviceCode, serviceError } from '../http/service-error.ts';
import { textOf } from '../json-object.ts';
import { type Challenge, parseChallenge, requireRealm } from './challenge.ts';

export interface DockerCredential {
  readonly Username: string;
  readonly Secret: string;
}

type Bearer = Extract<Challenge, { scheme: 'bearer' }>;

/**
 * Signs in at a registry as Docker does before a pull: `/v2/`, the challenge, the token endpoint it names,
 * `/v2/` again with the token. Throws `refused` with the registry's own words, else `unreachable`.
 * Source: distribution/distribution, registry/client/auth/session.go.
 */
export async function signInAsDocker(
  context: Context,
  host: string,
  credential: DockerCredential,
  deadline: number,
): Promise<void> {
  const options = {
    service: 'the registry',
    owner: `user name ${credential.Username}`,
    hint: '',
    secrets: [credential.Secret],
    deadline,
  };
  const ask = (authorization?: string) =>
    requestAnswer(context, ping(host, authorization), {
      ...options,
      secrets: [...options.secrets, authorization],
    });
  const first = await ask();
  if (first.status === 200) return;
  const challenge =
    first.status === 401 ? parseChallenge(first.header('www-authenticate')) : undefined;
  if (challenge === undefined) throw noRegistry(host, first);
  const authorization =
    challenge.scheme === 'basic'
      ? basic(credential)
      : `Bearer ${await tokenFor(context, host, challenge, credential, options)}`;
  const second = await ask(authorization);
  if (second.status === 200) return;
  const said =
    serviceError(second.text, [credential.Secret, authorization]) ?? String(second.status);
  throw new HelperError('refused', `${host} issued a token and then refused it (${said})`, {
    serviceCode: serviceCode(second.text),
  });
}

function ping(host: string, authorization?: string): HttpRequest {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return { method: 'GET', url: new URL(`https://${host}/v2/`), headers };
}

function noRegistry(host: string, { status }: HttpAnswer): HelperError {
  return unreachable(`${host} answered ${status} to /v2/, where a registry asks for a token`);
}

async function tokenFor(
  context: Context,
  host: string,
  challenge: Bearer,
  credential: DockerCredential,
  options: CallOptions,
): Promise<string> {
  const request = tokenRequest(requireRealm(challenge.realm, host), challenge, credential);
  const answer = await requestJson(context, request, options);
  const token = textOf(answer, 'token') ?? textOf(answer, 'access_token');
  if (token !== undefined) return token;
  throw unreachable(`${host} answered without a token`);
}

/** With a password a GET; with an identity token, which Docker keeps under `<token>`, a POST. */
function tokenRequest(
  url: URL,
  { service, scope }: Bearer,
  { Username, Secret }: DockerCredential,
): HttpRequest {
  const asked = { ...(service && { service }), ...(scope && { scope }) };
  if (Username !== '<token>') {
    for (const [name, value] of Object.entries(asked)) url.searchParams.append(name, value);
    url.searchParams.append('account', Username);
    return { method: 'GET', url, headers: { Authorization: basic({ Username, Secret }) } };
  }
  const grant = { grant_type: 'refresh_token', refresh_token: Secret, client_id: 'docker' };
  return { method: 'POST', url, body: new URLSearchParams({ ...grant, ...asked }) };
}

function basic({ Username, Secret }: DockerCredential): string {
  return `Basic ${Buffer.from(`${Username}:${Secret}`).toString('base64')}`;
}
