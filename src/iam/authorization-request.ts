import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { requestAnswer } from '../http/request.ts';
import type { OpenIdConfiguration } from './openid-configuration.ts';
import { cliClientId, type Grant } from './token-request.ts';

/** A request for an authorization code (RFC 6749, section 4.1). */
export interface AuthorizationRequest {
  /** The page to open in a browser. It contains no secret: the code is useless without `verifier`, if IAM supports PKCE. */
  readonly url: URL;
  readonly redirectUri: string;
  /** The secret of PKCE (RFC 7636); undefined if IAM does not support it. */
  readonly verifier: string | undefined;
}

/** The grant for an authorization code. */
export type CodeGrant = Extract<Grant, { readonly kind: 'authorization-code' }>;

/** Returns a random text that an attacker cannot guess: 256 bits. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/** Returns the request for the client of the ibmcloud CLI. Throws `unreachable` if IAM names no page for it. */
export function authorizationRequest(
  { authorizationPage, hasPkce, base }: OpenIdConfiguration,
  redirectUri: string,
  state: string,
): AuthorizationRequest {
  if (authorizationPage === undefined) {
    throw new HelperError('unreachable', `IAM at ${base} answered without a sign-in address`);
  }
  const verifier = hasPkce ? randomText() : undefined;
  const url = new URL(authorizationPage);
  const fields = {
    client_id: cliClientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    state,
    ...(verifier === undefined ? {} : challengeOf(verifier)),
  };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return { url, redirectUri, verifier };
}

function challengeOf(verifier: string) {
  const code_challenge = createHash('sha256').update(verifier).digest('base64url');
  return { code_challenge, code_challenge_method: 'S256' };
}

/**
 * Returns false if IAM refuses the request before the user signs in, for example because of the redirect address: IAM then
 * shows an error in the browser and redirects nowhere (RFC 6749, section 4.1.2.1). Throws `unreachable`.
 */
export async function isAccepted(context: Context, { url }: AuthorizationRequest) {
  const headers = { Accept: 'text/html' };
  const labels = { service: 'IAM', owner: 'the sign-in in a browser', hint: '' };
  const { status } = await requestAnswer(context, { method: 'GET', url, headers }, labels);
  // A page may ask a browser to authenticate with 401.
  return status < 400 || status === 401;
}

/** Returns the grant for the code that IAM sent to the redirect address. */
export function codeGrant(
  { redirectUri, verifier }: AuthorizationRequest,
  { tokenUrl }: OpenIdConfiguration,
  code: string,
): CodeGrant {
  return { kind: 'authorization-code', code, redirectUri, verifier, tokenUrl };
}
