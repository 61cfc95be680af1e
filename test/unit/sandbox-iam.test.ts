import * as assert from 'uvu/assert';
import { ask } from '../sandbox/ask.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { claimsOf } from '../support/jwt.ts';

const test = sandboxSuite('sandbox: IAM');

const prefix = 'urn:ibm:params:oauth:grant-type:';
const cli = { basic: ['bx', 'bx'] as const };

test('returns the documented claims', async ({ sandbox, askIam }) => {
  const owner = sandbox.accounts.addServiceId({ name: 'ci', accountId: 'canary-account' });
  const { value } = sandbox.accounts.addApiKey({ owner: owner.iamId });
  const reply = await askIam({ grant_type: `${prefix}apikey`, apikey: value });
  const claims = claimsOf(reply.value.access_token);
  assert.is(claims.iam_id, owner.iamId);
  assert.is(claims.sub_type, 'ServiceId');
  assert.is(claims.sub, owner.sub);
  assert.is(claims.grant_type, `${prefix}apikey`);
  assert.equal(Object.entries(claims.account ?? {})[1], ['bss', 'canary-account']);
  assert.is(Number(claims.exp) - Number(claims.iat), 3600);
  assert.is(reply.value.expiration, claims.exp);
});

test('returns a refresh token to the CLI only, and accepts each once', async ({
  sandbox,
  askIam,
}) => {
  const { value } = sandbox.accounts.addApiKey();
  const first = await askIam({ grant_type: `${prefix}apikey`, apikey: value }, cli);
  const form = { grant_type: 'refresh_token', refresh_token: String(first.value.refresh_token) };
  assert.is((await askIam(form)).value.errorCode, 'BXNIM0407E');
  const second = await askIam(form, cli);
  assert.is(second.status, 200, second.text);
  assert.is.not(second.value.refresh_token, first.value.refresh_token);
  assert.is(second.value.session_id, first.value.session_id);
  assert.is((await askIam(form, cli)).value.errorCode, 'BXNIM0407E');
});

test('accepts one of two concurrent uses of a refresh token', async ({ sandbox, askIam }) => {
  const owner = sandbox.accounts.addUser();
  const { value } = sandbox.accounts.addRefreshToken({ owner: owner.iamId });
  const form = { grant_type: 'refresh_token', refresh_token: value };
  const replies = await Promise.all([askIam(form, cli), askIam(form, cli)]);
  assert.equal(replies.map(({ status }) => status).toSorted(), [200, 400]);
});

test('grants a profile to a user and to a compute resource', async ({ sandbox, askIam }) => {
  const { accounts } = sandbox;
  const user = accounts.addUser();
  const { value } = accounts.addApiKey({ owner: user.iamId });
  const profile = accounts.addTrustedProfile({
    name: 'deployer',
    assumableBy: [user.iamId],
    computeTokens: ['canary-cr-token'],
  });
  const { access_token } = (await askIam({ grant_type: `${prefix}apikey`, apikey: value })).value;
  const assume = { grant_type: `${prefix}assume`, access_token: String(access_token) };
  const compute = { grant_type: `${prefix}cr-token`, cr_token: 'canary-cr-token' };
  for (const form of [
    { ...assume, profile_id: profile.sub },
    { ...assume, profile_crn: profile.crn },
    { ...assume, profile_name: 'deployer', account: profile.accountId },
    { ...compute, profile_id: profile.sub },
    { ...compute, profile_name: 'deployer' },
    { ...compute, profile_crn: profile.crn },
  ]) {
    const reply = await askIam(form);
    assert.is(reply.status, 200, reply.text);
    assert.is(claimsOf(reply.value.access_token).sub, profile.sub);
    assert.is(claimsOf(reply.value.access_token).sub_type, 'Profile');
  }
});

test('refuses a profile that trusts another resource', async ({ sandbox, askIam }) => {
  const { accounts } = sandbox;
  const { sub } = accounts.addTrustedProfile({ computeTokens: ['canary-of-another'] });
  const apikey = accounts.addApiKey().value;
  const { access_token } = (await askIam({ grant_type: `${prefix}apikey`, apikey })).value;
  for (const form of [
    { grant_type: `${prefix}assume`, access_token: String(access_token), profile_id: sub },
    { grant_type: `${prefix}cr-token`, cr_token: 'canary-cr-token', profile_id: sub },
  ]) {
    assert.is((await askIam(form)).value.errorCode, 'BXNIM0407E');
  }
});

test('accepts a passcode once', async ({ sandbox, askIam }) => {
  const passcode = sandbox.accounts.addPasscode({ owner: sandbox.accounts.addUser().iamId });
  const form = { grant_type: `${prefix}passcode`, passcode };
  const first = await askIam(form, cli);
  assert.is(first.status, 200, first.text);
  assert.is.not(first.value.refresh_token, 'not_supported');
  assert.is((await askIam(form, cli)).status, 400);
});

type Form = Record<string, string>;
const refusals: readonly [
  string,
  string,
  (accounts: SandboxContext['sandbox']['accounts']) => Form,
][] = [
  ['no grant', 'BXNIM0109E', () => ({})],
  ['an unknown grant', 'BXNIM0106E', () => ({ grant_type: 'password' })],
  ['no key', 'BXNIM0109E', () => ({ grant_type: `${prefix}apikey` })],
  ['an unknown key', 'BXNIM0415E', () => ({ grant_type: `${prefix}apikey`, apikey: 'canary' })],
  [
    "a key's ID instead of the key",
    'BXNIM0415E',
    (accounts) => ({ grant_type: `${prefix}apikey`, apikey: accounts.addApiKey().id }),
  ],
  [
    'a disabled key',
    'BXNIM0462E',
    (accounts) => ({
      grant_type: `${prefix}apikey`,
      apikey: accounts.addApiKey({ disabled: true }).value,
    }),
  ],
  [
    'an expired key',
    'BXNIM0415E',
    (accounts) => ({
      grant_type: `${prefix}apikey`,
      apikey: accounts.addApiKey({ expiresAt: '2020-01-01T00:00:00Z' }).value,
    }),
  ],
  [
    'a user of an external identity provider',
    'BXNIM0400E',
    (accounts) => {
      const { iamId } = accounts.addUser({ needsExternalAuthentication: true });
      return { grant_type: `${prefix}apikey`, apikey: accounts.addApiKey({ owner: iamId }).value };
    },
  ],
  [
    'an unknown refresh token',
    'BXNIM0407E',
    () => ({ grant_type: 'refresh_token', refresh_token: 'x' }),
  ],
  [
    'an expired refresh token',
    'BXNIM0408E',
    (accounts) => {
      const { value } = accounts.addRefreshToken({ owner: accounts.addUser().iamId });
      accounts.expireRefreshToken({ value });
      return { grant_type: 'refresh_token', refresh_token: value };
    },
  ],
  [
    'an expired session',
    'BXNIM0439E',
    (accounts) => {
      const { value, sessionId } = accounts.addRefreshToken({ owner: accounts.addUser().iamId });
      accounts.endSession({ sessionId });
      return { grant_type: 'refresh_token', refresh_token: value };
    },
  ],
  [
    'a forged access token',
    'BXNIM0407E',
    () => ({ grant_type: `${prefix}assume`, access_token: 'a.b.c', profile_id: 'Profile-1' }),
  ],
];

for (const [name, code, form] of refusals) {
  test(`${name} is refused with 400 and ${code}`, async ({ sandbox, askIam }) => {
    const reply = await askIam(form(sandbox.accounts), cli);
    assert.is(reply.status, 400);
    assert.is(reply.value.errorCode, code);
    assert.type(reply.value.errorMessage, 'string');
    assert.type(reply.value.context, 'object');
  });
}

test('accepts a locked key', async ({ sandbox, askIam }) => {
  const { value } = sandbox.accounts.addApiKey({ locked: true });
  assert.is((await askIam({ grant_type: `${prefix}apikey`, apikey: value })).status, 200);
});

test('publishes the passcode page in its configuration', async ({ sandbox }) => {
  const { iamUrl, caFile } = sandbox;
  const url = `${iamUrl}/identity/.well-known/openid-configuration`;
  assert.is((await ask(url, { caFile })).value.passcode_endpoint, `${iamUrl}/identity/passcode`);
});

test('returns the owner of a key without the key', async ({ sandbox, askIam }) => {
  const { accounts, iamUrl, caFile } = sandbox;
  const key = accounts.addApiKey({ value: 'canary-of-details', name: 'ci', locked: true });
  const url = `${iamUrl}/v1/apikeys/details`;
  const headers = { 'IAM-ApiKey': key.value };
  assert.is((await ask(url, { caFile, headers })).status, 401);
  const token = await askIam({ grant_type: `${prefix}apikey`, apikey: key.value });
  const bearer = String(token.value.access_token);
  const reply = await ask(url, { caFile, headers, bearer });
  assert.is(reply.status, 200);
  const { id, name, locked, disabled, iam_id, account_id } = reply.value;
  assert.equal(
    { id, name, locked, disabled, iam_id, account_id },
    {
      id: key.id,
      name: 'ci',
      locked: true,
      disabled: false,
      iam_id: key.iamId,
      account_id: key.accountId,
    },
  );
  assert.not.match(reply.text, 'canary');
});

test.run();
