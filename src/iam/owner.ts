import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { parseClaims } from '../jwt-claims.ts';
import type { AccessToken } from './access-token.ts';
import { apiKeyDetails } from './api-keys.ts';
import { type Grant, requestToken } from './token-request.ts';

/** Whose a root secret is, as IBM Cloud says. */
export interface Owner {
  /** `user jane@example.com`, `service ID ci`, `trusted profile nodes`. */
  readonly owner?: string;
  readonly account?: string;
  /** When the root secret ends, in milliseconds since 1970, where it does. */
  readonly expiresAt?: number;
}

/** What is asked about a secret needs: where IAM is, and what to type when it says no. */
export interface Question {
  readonly hint: string;
  /** The setting for IAM's address. */
  readonly endpoint: string | undefined;
}

/** Milliseconds for what is good to know, but no more. */
const limitOfDetails = 3000;

interface Kept extends Owner {
  readonly secret: string;
}

/** Asks IAM whose an API key is, and whether it may act as the profile. Throws `refused` or `unreachable`. */
export async function ownerOfApiKey(
  context: Context,
  apiKey: string,
  profile: string | undefined,
  question: Question,
): Promise<Owner> {
  const own = await request(context, { kind: 'api-key', apiKey }, 'the API key', question);
  const token = profile === undefined ? own : await assume(context, own, profile, question);
  const expiresAt = await endOfApiKey(context, apiKey, own, question);
  return { ...ownerOf(token), ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Not every key that signs in may look at itself: a service ID needs a role in IAM for that. */
async function endOfApiKey(
  context: Context,
  apiKey: string,
  { token }: AccessToken,
  question: Question,
): Promise<number | undefined> {
  const deadline = context.now() + limitOfDetails;
  try {
    const options = { ...asked('a look at the API key', question), deadline };
    return (await apiKeyDetails(context, apiKey, token, options)).expiresAt;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    debug(context, `${inOneLine(error)}; going on without knowing when the key ends`);
    return undefined;
  }
}

function assume(context: Context, { token }: AccessToken, id: string, question: Question) {
  const grant = { kind: 'assume', accessToken: token, profile: { id } } as const;
  return request(context, grant, `the API key as trusted profile ${id}`, question);
}

/** A refresh token is good once: what is to be kept is the one that comes back. */
export async function ownerOfRefreshToken(
  context: Context,
  refreshToken: string,
  question: Question,
): Promise<Kept> {
  const grant = { kind: 'refresh-token', refreshToken } as const;
  const token = await request(context, grant, 'the refresh token', question);
  return { secret: token.refreshToken ?? refreshToken, ...ownerOf(token) };
}

/** Turns a one-time passcode into a refresh token to keep. */
export async function ownerOfPasscode(
  context: Context,
  passcode: string,
  question: Question,
): Promise<Kept> {
  const token = await request(context, { kind: 'passcode', passcode }, 'the passcode', question);
  if (token.refreshToken !== undefined) return { secret: token.refreshToken, ...ownerOf(token) };
  throw new HelperError('refused', 'IAM gives no refresh token for a passcode here', {
    hint: 'run docker-credential-icr login with an API key',
  });
}

/** Asks IAM which profile this machine or pod may act as. */
export async function ownerOfMachine(
  context: Context,
  profile: string,
  question: Question,
): Promise<Owner> {
  const { requestComputeToken } = await import('./compute-token.ts');
  const options = asked(`trusted profile ${profile} on this machine`, question);
  return ownerOf(await requestComputeToken(context, profile, options));
}

/** A registry token says itself when it ends, if it does. Throws `invalid-input` for what is no JWT. */
export function ownerOfRegistryToken(token: string): Owner {
  const { id, expiresAt } = parseClaims(token);
  return {
    owner: `registry token ${id ?? 'without an ID'}`,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function request(context: Context, grant: Grant, owner: string, question: Question) {
  return requestToken(context, grant, {
    ...asked(owner, question),
    wantRefreshToken: grant.kind === 'passcode',
  });
}

function asked(owner: string, { hint, endpoint }: Question) {
  return { owner, hint, ...(endpoint === undefined ? {} : { endpoint }) };
}

const kinds: Readonly<Record<string, string>> = {
  ServiceId: 'service ID',
  Profile: 'trusted profile',
};

function ownerOf({ token }: AccessToken): Owner {
  const { sub, subType, name, account } = parseClaims(token);
  const kind = subType === undefined ? 'user' : (kinds[subType] ?? subType);
  const owner = `${kind} ${subType === undefined ? sub : (name ?? sub)}`;
  return { owner, ...(account === undefined ? {} : { account }) };
}
