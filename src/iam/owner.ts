import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { parseClaims } from '../jwt-claims.ts';
import type { AccessToken } from './access-token.ts';
import { apiKeyDetails } from './api-keys.ts';
import { type Grant, requestToken } from './token-request.ts';
import { trustedProfile } from './trusted-profile.ts';

/** The owner of a root secret, as verified with IAM. */
export interface Owner {
  /** `user jane@example.com`, `service ID ci`, `trusted profile nodes`. */
  readonly owner?: string;
  readonly account?: string;
  /** When the root secret expires, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** The ID of the trusted profile, if it was selected by its name. */
  readonly profile?: string;
}

/** Options for the verification of a secret with IAM. */
export interface Verification {
  /** The hint if IAM refuses the secret. */
  readonly hint: string;
  /** The setting `iamEndpoint`. */
  readonly endpoint: string | undefined;
}

/** The timeout for the key's expiry, which is optional. */
const detailsTimeoutMs = 3000;

export interface OwnedSecret extends Owner {
  readonly secret: string;
}

/**
 * Verifies an API key with IAM and returns its owner, or the trusted profile if there is one. Throws `refused`, also if
 * the key cannot assume the profile, or `unreachable`.
 */
export async function ownerOfApiKey(
  context: Context,
  apiKey: string,
  profile: string | undefined,
  verification: Verification,
): Promise<Owner> {
  const own = await request(context, { kind: 'api-key', apiKey }, 'the API key', verification);
  const owner =
    profile === undefined ? ownerOf(own) : await assume(context, own, profile, verification);
  const expiresAt = await expiryOfApiKey(context, apiKey, own, verification);
  return { ...owner, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Returns undefined if the key may not read its own details: a service ID needs an IAM role for that. */
async function expiryOfApiKey(
  context: Context,
  apiKey: string,
  { token }: AccessToken,
  verification: Verification,
): Promise<number | undefined> {
  const deadline = context.now() + detailsTimeoutMs;
  try {
    const options = {
      ...optionsFor('access to the details of the API key', verification),
      deadline,
    };
    return (await apiKeyDetails(context, apiKey, token, options)).expiresAt;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    debug(context, `${inOneLine(error)}; the expiry of the API key is unknown`);
    return undefined;
  }
}

/** Returns the profile with this ID, CRN or name as owner, if the access token's identity may assume it. */
async function assume(
  context: Context,
  { token }: AccessToken,
  text: string,
  verification: Verification,
): Promise<Owner> {
  const selected = trustedProfile(text);
  const account = parseClaims(token).account ?? '';
  const profile = 'name' in selected ? { ...selected, account } : selected;
  const grant = { kind: 'assume', accessToken: token, profile } as const;
  const label = `the API key as trusted profile ${text}`;
  return profileOwner(text, await request(context, grant, label, verification));
}

/** Returns the owner in the access token of a trusted profile. A name is replaced by the ID, which does not change. */
function profileOwner(text: string, token: AccessToken): Owner {
  if (!('name' in trustedProfile(text))) return ownerOf(token);
  const id = trustedProfile(parseClaims(token.token).iamId ?? '');
  if ('id' in id) return { ...ownerOf(token), profile: id.id };
  throw new HelperError('unreachable', `IAM did not return the ID of trusted profile ${text}`, {
    hint: 'use its ID (Profile-…)',
  });
}

/** Verifies a refresh token with IAM. Returns the new one, because a refresh token can be used only once. */
export async function ownerOfRefreshToken(
  context: Context,
  refreshToken: string,
  verification: Verification,
): Promise<OwnedSecret> {
  const grant = { kind: 'refresh-token', refreshToken } as const;
  const token = await request(context, grant, 'the refresh token', verification);
  return { secret: token.refreshToken ?? refreshToken, ...ownerOf(token) };
}

/** A grant that a user got by signing in with a browser. It is valid once. */
export type SignOnGrant = Extract<Grant, { readonly kind: 'passcode' | 'authorization-code' }>;

/** Exchanges a one-time passcode or an authorization code for a refresh token. Throws `refused` or `unreachable`. */
export async function ownerOfSignOn(
  context: Context,
  grant: SignOnGrant,
  verification: Verification,
): Promise<OwnedSecret> {
  const name = grant.kind === 'passcode' ? 'the passcode' : 'the authorization code';
  const token = await request(context, grant, name, verification, true);
  if (token.refreshToken !== undefined) return { secret: token.refreshToken, ...ownerOf(token) };
  throw new HelperError('refused', `IAM returned no refresh token for ${name}`, {
    hint: 'run docker-credential-icr login with an API key',
  });
}

/** Verifies with IAM that this machine or pod can use the trusted profile, and returns the profile as owner. */
export async function ownerOfMachine(
  context: Context,
  profile: string,
  verification: Verification,
): Promise<Owner> {
  const { requestComputeToken } = await import('./compute-token.ts');
  const options = optionsFor(`trusted profile ${profile} on this machine`, verification);
  return profileOwner(profile, await requestComputeToken(context, profile, options));
}

/** Reads ID and expiry of a registry token from the token itself. Throws `invalid-input` if it is not a JWT. */
export function ownerOfRegistryToken(token: string): Owner {
  const { id, expiresAt } = parseClaims(token);
  return {
    owner: `registry token ${id ?? 'without an ID'}`,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function request(
  context: Context,
  grant: Grant,
  owner: string,
  verification: Verification,
  wantRefreshToken = false,
) {
  return requestToken(context, grant, { ...optionsFor(owner, verification), wantRefreshToken });
}

function optionsFor(owner: string, { hint, endpoint }: Verification) {
  return { owner, hint, ...(endpoint === undefined ? {} : { endpoint }) };
}

const kinds: Readonly<Record<string, string>> = {
  ServiceId: 'service ID',
  Profile: 'trusted profile',
};

/** Returns the owner in the claims of an access token. */
export function ownerOf({ token }: Pick<AccessToken, 'token'>): Owner {
  const { sub, subType, name, account } = parseClaims(token);
  const kind = subType === undefined ? 'user' : (kinds[subType] ?? subType);
  const owner = `${kind} ${subType === undefined ? sub : (name ?? sub)}`;
  return { owner, ...(account === undefined ? {} : { account }) };
}
