import { ownerOfAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import type { Cloud } from './cloud.ts';
import type { ReceivedRequest } from './exchange.ts';
import { IamRefusal } from './iam-errors.ts';
import type { Subject, TrustedProfile } from './subjects.ts';

const grantPrefix = 'urn:ibm:params:oauth:grant-type:';

export function required(form: URLSearchParams, field: string): string {
  const value = form.get(field);
  if (value) return value;
  throw new IamRefusal('BXNIM0109E', `Property '${field}' either missing or empty.`);
}

function byApiKey({ form }: ReceivedRequest, { accounts }: Cloud): Subject {
  const owner = accounts.ownerOfApiKey(required(form, 'apikey'));
  if (owner === 'disabled') throw new IamRefusal('BXNIM0462E');
  // IBM does not document an error for expired keys. An expired key probably counts as deleted.
  if (owner === 'unknown' || owner === 'expired') throw new IamRefusal('BXNIM0415E');
  return owner;
}

function byRefreshToken({ form }: ReceivedRequest, { accounts }: Cloud): Subject {
  const value = required(form, 'refresh_token');
  const owner = accounts.ownerOfRefreshToken(value);
  if (owner === 'expired') throw new IamRefusal('BXNIM0408E');
  if (owner === 'session-ended') {
    const session = accounts.sessionOfRefreshToken(value);
    throw new IamRefusal('BXNIM0439E', `Session '${session}' is invalidated due to inactivity.`);
  }
  if (typeof owner === 'string')
    throw new IamRefusal('BXNIM0407E', 'Provided refresh token is invalid.');
  return owner;
}

/** Returns the trusted profile that the form selects in one of three ways. */
function namedProfile(form: URLSearchParams, accounts: Accounts): TrustedProfile {
  const [id, name, crn] = ['profile_id', 'profile_name', 'profile_crn'].map((key) => form.get(key));
  if (!id && !name && !crn) {
    throw new IamRefusal('BXNIM0109E', "Property 'profile_id' either missing or empty.");
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
  if (found === undefined) throw new IamRefusal('BXNIM0407E', 'The trusted profile is not found.');
  return found;
}

function byComputeToken({ form }: ReceivedRequest, { accounts }: Cloud): Subject {
  const token = required(form, 'cr_token');
  const profile = namedProfile(form, accounts);
  if (profile.computeTokens.includes(token)) return profile;
  throw new IamRefusal(
    'BXNIM0407E',
    'The compute resource token does not match the trusted profile.',
  );
}

async function byAssuming(
  { form }: ReceivedRequest,
  { accounts, signer }: Cloud,
): Promise<Subject> {
  const owner = await ownerOfAccessToken(signer, accounts, required(form, 'access_token'));
  if (owner === undefined) throw new IamRefusal('BXNIM0407E', 'Provided access token is invalid.');
  if (form.has('profile_name')) required(form, 'account');
  const profile = namedProfile(form, accounts);
  if (profile.assumableBy.includes(owner.iamId)) return profile;
  throw new IamRefusal('BXNIM0407E', 'The identity may not assume the trusted profile.');
}

function byPasscode({ form }: ReceivedRequest, { accounts }: Cloud): Subject {
  const owner = accounts.usePasscode(required(form, 'passcode'));
  if (owner === undefined) throw new IamRefusal('BXNIM0513E');
  return owner;
}

function byCode({ form }: ReceivedRequest, { accounts }: Cloud): Subject {
  const redirectUri = required(form, 'redirect_uri');
  const verifier = form.get('code_verifier');
  const user = accounts.useCode(required(form, 'code'), redirectUri, verifier);
  const subject = user === undefined ? undefined : accounts.subject(user);
  if (subject === undefined) throw new IamRefusal('BXNIM0407E', 'The code is invalid.');
  return subject;
}

interface Grant {
  /** Returns the owner of the tokens to be issued. Throws `IamRefusal`. */
  readonly authenticate: (received: ReceivedRequest, cloud: Cloud) => Subject | Promise<Subject>;
  /** Whether IBM's CLI gets a refresh token with this grant. */
  readonly refreshable: boolean;
}

/** All grants by their `grant_type`. */
export const grants = new Map<string, Grant>([
  [`${grantPrefix}apikey`, { authenticate: byApiKey, refreshable: true }],
  ['refresh_token', { authenticate: byRefreshToken, refreshable: true }],
  [`${grantPrefix}passcode`, { authenticate: byPasscode, refreshable: true }],
  ['authorization_code', { authenticate: byCode, refreshable: true }],
  [`${grantPrefix}cr-token`, { authenticate: byComputeToken, refreshable: false }],
  [`${grantPrefix}assume`, { authenticate: byAssuming, refreshable: false }],
]);
