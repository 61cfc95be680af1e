import { ownerOfAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import type { Cloud } from './cloud.ts';
import type { Asked } from './exchange.ts';
import { IamRefusal } from './iam-errors.ts';
import type { Subject, TrustedProfile } from './subjects.ts';

const grantPrefix = 'urn:ibm:params:oauth:grant-type:';

export function required(form: URLSearchParams, field: string): string {
  const value = form.get(field);
  if (value) return value;
  throw new IamRefusal('BXNIM0109E', `Property '${field}' either missing or empty.`);
}

function byApiKey({ form }: Asked, { accounts }: Cloud): Subject {
  const owner = accounts.ownerOfApiKey(required(form, 'apikey'));
  if (owner === 'disabled') throw new IamRefusal('BXNIM0462E');
  // IBM says nothing of an expired key; it is gone, as far as anyone can tell.
  if (owner === 'unknown' || owner === 'expired') throw new IamRefusal('BXNIM0415E');
  return owner;
}

function byRefreshToken({ form }: Asked, { accounts }: Cloud): Subject {
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

/** The profile that the form names in one of three ways. */
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

function byComputeToken({ form }: Asked, { accounts }: Cloud): Subject {
  const token = required(form, 'cr_token');
  const profile = namedProfile(form, accounts);
  if (profile.computeTokens.includes(token)) return profile;
  throw new IamRefusal(
    'BXNIM0407E',
    'The compute resource token does not match the trusted profile.',
  );
}

async function byAssuming({ form }: Asked, { accounts, signer }: Cloud): Promise<Subject> {
  const owner = await ownerOfAccessToken(signer, accounts, required(form, 'access_token'));
  if (owner === undefined) throw new IamRefusal('BXNIM0407E', 'Provided access token is invalid.');
  const profile = namedProfile(form, accounts);
  if (profile.assumableBy.includes(owner.iamId)) return profile;
  throw new IamRefusal('BXNIM0407E', 'The identity may not assume the trusted profile.');
}

function byPasscode({ form }: Asked, { accounts }: Cloud): Subject {
  const owner = accounts.usePasscode(required(form, 'passcode'));
  if (owner === undefined) throw new IamRefusal('BXNIM0513E');
  return owner;
}

export interface Grant {
  /** Whose tokens they will be; throws `IamRefusal`. */
  readonly prove: (asked: Asked, cloud: Cloud) => Subject | Promise<Subject>;
  /** Whether IBM's own CLI gets a refresh token with it. */
  readonly refreshable: boolean;
}

/** Every way in, by its `grant_type`. */
export const grants = new Map<string, Grant>([
  [`${grantPrefix}apikey`, { prove: byApiKey, refreshable: true }],
  ['refresh_token', { prove: byRefreshToken, refreshable: true }],
  [`${grantPrefix}passcode`, { prove: byPasscode, refreshable: true }],
  [`${grantPrefix}cr-token`, { prove: byComputeToken, refreshable: false }],
  [`${grantPrefix}assume`, { prove: byAssuming, refreshable: false }],
]);
