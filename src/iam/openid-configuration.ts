import type { Context } from '../context.ts';
import { requestJson } from '../http/request.ts';
import { textOf } from '../json-object.ts';
import { iamEndpoint } from './endpoint.ts';
import type { Verification } from './owner.ts';

/** IAM's addresses for signing in with a browser. */
export interface OpenIdConfiguration {
  /** The address of the configuration itself, for messages. */
  readonly base: string;
  /** The page that shows one-time passcodes. */
  readonly passcodePage: URL | undefined;
  /** The page that signs in and redirects with a code, and the address where the code is exchanged. */
  readonly authorizationPage: URL | undefined;
  readonly tokenUrl: URL | undefined;
  /** The server verifies PKCE challenges with SHA-256 (RFC 7636). */
  readonly hasPkce: boolean;
}

/** Requests IAM's OpenID configuration. Throws `unreachable` or `refused`. */
export async function openIdConfiguration(
  context: Context,
  { endpoint, hint }: Verification,
): Promise<OpenIdConfiguration> {
  const base = iamEndpoint(context, endpoint);
  const answer = await requestJson(
    context,
    { method: 'GET', url: new URL(`${base}/identity/.well-known/openid-configuration`) },
    { service: 'IAM', owner: 'access to its OpenID configuration', hint },
  );
  const addressOf = (name: string) => {
    const url = URL.parse(textOf(answer, name) ?? '');
    // A browser opens the address, so another scheme could start a program.
    return url?.protocol === 'https:' ? url : undefined;
  };
  const methods = answer.code_challenge_methods_supported;
  return {
    base,
    passcodePage: addressOf('passcode_endpoint'),
    authorizationPage: addressOf('authorization_endpoint'),
    tokenUrl: addressOf('token_endpoint'),
    hasPkce: Array.isArray(methods) && methods.includes('S256'),
  };
}
