import { ownerOfAccessToken, signAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import { type Answer, type Asked, json, type Service } from './exchange.ts';
import { type IamErrorCode, iamError } from './iam-errors.ts';
import type { Signer } from './jwt.ts';
import type { Subject, TrustedProfile } from './subjects.ts';

/** How long what is handed out lives, in seconds; tests shorten it. */
export interface Lifetimes {
  accessToken: number;
  registryToken: number;
}

export interface IamOptions {
  readonly accounts: Accounts;
  readonly signer: Signer;
  readonly lifetimes: Lifetimes;
}

const grantPrefix = 'urn:ibm:params:oauth:grant-type:';

/** What IBM's own CLI calls itself: only its tokens can be refreshed. */
const cliClient = { userName: 'bx', password: 'bx' };

class Refusal extends Error {
  readonly answer: Answer;
  constructor(code: IamErrorCode, details?: string) {
    super(code);
    this.answer = iamError(code, details);
  }
}

function required(form: URLSearchParams, field: string): string {
  const value = form.get(field);
  if (value) return value;
  throw new Refusal('BXNIM0109E', `Property '${field}' either missing or empty.`);
}

function byApiKey({ form }: Asked, { accounts }: IamOptions): Subject {
  const owner = accounts.ownerOfApiKey(required(form, 'apikey'));
  if (owner === 'disabled') throw new Refusal('BXNIM0462E');
  // IBM says nothing of an expired key; it is gone, as far as anyone can tell.
  if (owner === 'unknown' || owner === 'expired') throw new Refusal('BXNIM0415E');
  return owner;
}

function byRefreshToken({ form }: Asked, { accounts }: IamOptions): Subject {
  const value = required(form, 'refresh_token');
  const owner = accounts.ownerOfRefreshToken(value);
  if (owner === 'expired') throw new Refusal('BXNIM0408E');
  if (owner === 'session-ended') {
    const session = accounts.sessionOfRefreshToken(value);
    throw new Refusal('BXNIM0439E', `Session '${session}' is invalidated due to inactivity.`);
  }
  if (typeof owner === 'string')
    throw new Refusal('BXNIM0407E', 'Provided refresh token is invalid.');
  return owner;
}

/** The profile that the form names in one of three ways. */
function namedProfile(form: URLSearchParams, accounts: Accounts): TrustedProfile {
  const [id, name, crn] = ['profile_id', 'profile_name', 'profile_crn'].map((key) => form.get(key));
  if (!id && !name && !crn) {
    throw new Refusal('BXNIM0109E', "Property 'profile_id' either missing or empty.");
  }
  const account = form.get('account');
  const found = accounts
    .trustedProfiles()
    .find(
      (profile) =>
        (id && (profile.sub === id || profile.iamId === id)) ||
        (crn && profile.crn === crn) ||
        (name && profile.name === name && (!account || profile.accountId === account)),
    );
  if (found === undefined) throw new Refusal('BXNIM0407E', 'The trusted profile is not found.');
  return found;
}

function byComputeToken({ form }: Asked, { accounts }: IamOptions): Subject {
  const token = required(form, 'cr_token');
  const profile = namedProfile(form, accounts);
  if (profile.computeTokens.includes(token)) return profile;
  throw new Refusal('BXNIM0407E', 'The compute resource token does not match the trusted profile.');
}

async function byAssuming({ form }: Asked, { accounts, signer }: IamOptions): Promise<Subject> {
  const owner = await ownerOfAccessToken(signer, accounts, required(form, 'access_token'));
  if (owner === undefined) throw new Refusal('BXNIM0407E', 'Provided access token is invalid.');
  const profile = namedProfile(form, accounts);
  if (profile.assumableBy.includes(owner.iamId)) return profile;
  throw new Refusal('BXNIM0407E', 'The identity may not assume the trusted profile.');
}

function byPasscode({ form }: Asked, { accounts }: IamOptions): Subject {
  const owner = accounts.usePasscode(required(form, 'passcode'));
  if (owner === undefined) throw new Refusal('BXNIM0513E');
  return owner;
}

type Grant = (asked: Asked, options: IamOptions) => Subject | Promise<Subject>;

const grants = new Map<string, { readonly prove: Grant; readonly refreshable: boolean }>([
  [`${grantPrefix}apikey`, { prove: byApiKey, refreshable: true }],
  ['refresh_token', { prove: byRefreshToken, refreshable: true }],
  [`${grantPrefix}passcode`, { prove: byPasscode, refreshable: true }],
  [`${grantPrefix}cr-token`, { prove: byComputeToken, refreshable: false }],
  [`${grantPrefix}assume`, { prove: byAssuming, refreshable: false }],
]);

/** A refresh token, and the session it belongs to; the one that was given stops working. */
function nextRefreshToken({ form }: Asked, subject: Subject, accounts: Accounts) {
  const given = form.get('refresh_token');
  if (given === null) return accounts.addRefreshToken({ owner: subject.iamId });
  const sessionId = accounts.sessionOfRefreshToken(given) ?? '';
  return { value: accounts.rotateRefreshToken(given), sessionId };
}

async function grantTokens(asked: Asked, options: IamOptions): Promise<Answer> {
  const grantType = required(asked.form, 'grant_type');
  const grant = grants.get(grantType);
  if (grant === undefined) {
    throw new Refusal('BXNIM0106E', `Property 'grant_type' has no value '${grantType}'.`);
  }
  const { basic } = asked;
  const isCli = basic?.userName === cliClient.userName && basic.password === cliClient.password;
  if (grantType === 'refresh_token' && !isCli) {
    throw new Refusal('BXNIM0407E', 'The client is not the one the refresh token was issued to.');
  }
  const subject = await grant.prove(asked, options);
  if (subject.needsExternalAuthentication) {
    throw new Refusal('BXNIM0400E', 'Failed external authentication.');
  }
  const { signer, accounts, lifetimes } = options;
  const refresh =
    isCli && grant.refreshable ? nextRefreshToken(asked, subject, accounts) : undefined;
  const lifetime = lifetimes.accessToken;
  const accessToken = await signAccessToken(signer, {
    subject,
    grantType,
    clientId: isCli ? cliClient.userName : 'default',
    sessionId: refresh?.sessionId,
    lifetime,
  });
  return json(200, {
    access_token: accessToken,
    refresh_token: refresh?.value ?? 'not_supported',
    ...(refresh === undefined ? {} : { session_id: refresh.sessionId }),
    ...(subject.type === 'User' && { ims_user_id: 10212345 }),
    token_type: 'Bearer',
    expires_in: lifetime,
    expiration: Math.floor(signer.clock() / 1000) + lifetime,
    scope: 'ibm openid',
  });
}

export function createIam(options: IamOptions): Service {
  return async (asked) => {
    try {
      const { method, path } = asked;
      if (method === 'POST' && path === '/identity/token') return await grantTokens(asked, options);
      return json(404, { errorCode: 'BXNIM0060E', errorMessage: 'HTTP 404 Not Found' });
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  };
}
