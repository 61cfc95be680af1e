import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityKinds } from '../../src/config/settings.ts';
import {
  acceptsUserName,
  presentation,
  requireAccessToken,
  requireHostOf,
  requirePresentable,
} from '../../src/identity/present.ts';
import {
  requireProfile,
  requireProfileId,
  requireProfileIdOrCrn,
} from '../../src/identity/profile.ts';
import { hostOf } from '../support/host.ts';
import { fails } from '../support/rejects.ts';

const test = suite('identity presentation (--present)');

const profile = 'Profile-1';
const usual = [
  [{ kind: 'api-key' }, 'iamapikey'],
  [{ kind: 'api-key', profile }, profile],
  [{ kind: 'refresh-token' }, 'iamrefresh'],
  [{ kind: 'entitlement-key' }, 'cp'],
  [{ kind: 'registry-token' }, 'token'],
  [{ kind: 'trusted-profile', profile }, 'iambearer'],
] as const;

test('uses the mapping, then the identity, then the default', () => {
  for (const [identity, word] of usual) {
    assert.is(presentation(identity), word);
    assert.is(presentation(identity, {}), word);
    assert.is(presentation({ ...identity, present: 'a' }), 'a');
    assert.is(presentation({ ...identity, present: 'a' }, { present: 'b' }), 'b');
    requirePresentable(identity, word, 'work');
  }
  assert.is(new Set(usual.map(([{ kind }]) => kind)).size, identityKinds.length);
});

test('does not present an API key itself if it acts as a profile', () => {
  for (const word of ['iamapikey', 'iamrefresh', 'Profile-2']) {
    fails(
      () => requirePresentable({ kind: 'api-key', profile }, word, 'work'),
      'misconfigured',
      new RegExp(
        `^identity work cannot be presented as ${word}; use --present Profile-1 or iambearer$`,
      ),
    );
  }
});

test('presents an entitlement key to cp.icr.io only', () => {
  requireHostOf({ kind: 'entitlement-key' }, 'cp.icr.io');
  requireHostOf({ kind: 'entitlement-key' }, 'cp.icr.io/cp');
  for (const kind of identityKinds) {
    const check = (key: string) => requireHostOf({ kind }, key);
    if (kind !== 'entitlement-key') for (const key of ['*', 'us.icr.io']) check(key);
    else
      for (const [key, target] of [
        ['*', 'other hosts'],
        ['us.icr.io', 'us.icr.io'],
        ['icr.io/cp', 'icr.io'],
      ] as const) {
        const { message } = fails(() => check(key), 'invalid-input');
        assert.is(message, `entitlement keys cannot be used for ${target}`);
      }
  }
});

for (const [kind, username, hint] of [
  ['api-key', 'iamapikey', 'add --present iambearer'],
  ['refresh-token', 'iamrefresh', 'add --present iambearer'],
  ['entitlement-key', 'cp', undefined],
  ['registry-token', 'token', undefined],
] as const) {
  test(`${kind} as ${username}: a minimum lifetime is refused, because it is not an access token`, () => {
    const error = fails(() => requireAccessToken({ kind }, username, 'work'), 'invalid-input');
    assert.is(error.hint, hint);
  });
}

for (const kind of ['api-key', 'refresh-token', 'trusted-profile'] as const) {
  test(`${kind} as iambearer: a minimum lifetime is accepted`, () =>
    requireAccessToken({ kind }, 'iambearer', 'work'));
}

for (const [host, username, isAccepted] of [
  ['us.icr.io', 'iamapikey', true],
  ['us.icr.io', 'cp', false],
  ['us.icr.io', '<token>', false],
  ['cp.icr.io', 'cp', true],
  ['cp.icr.io', 'iamapikey', false],
  ['cp.icr.io', '<token>', false],
] as const) {
  test(`${host} ${isAccepted ? 'accepts' : 'does not accept'} the user name ${username}`, () =>
    assert.is(acceptsUserName(hostOf(host), username), isAccepted));
}

test('accepts a trusted profile ID, IAM ID or CRN', () => {
  const id = 'Profile-0e9a7f3c-52c6-4a1b-9e45-6f1f2d3c4b5a';
  const crn = `crn:v1:bluemix:public:iam-identity::a/1::profile:${id}`;
  for (const text of [id, `iam-${id}`, ` ${id}\n`]) assert.is(requireProfileId(text), id);
  for (const text of [id, `iam-${id}`, ` ${id}\n`, crn]) {
    assert.is(requireProfileIdOrCrn(text), id);
    assert.is(requireProfile(text), id);
  }
  fails(() => requireProfileId(crn), 'invalid-input');
  for (const text of [
    '',
    'nodes',
    `${crn}/..`,
    crn.replace('profile:', 'serviceid:'),
    'Profile-',
    `${id}/..`,
    'profile-1',
    `${id}${'x'.repeat(80)}`,
  ]) {
    fails(() => requireProfileId(text), 'invalid-input');
    fails(() => requireProfileIdOrCrn(text), 'invalid-input');
    if (text !== 'nodes') fails(() => requireProfile(text), 'invalid-input');
  }
});

test('accepts the name of a trusted profile, except if it may be an API key', () => {
  for (const name of ['nodes', 'Nodes of team A', 'n', 'Knoten für alle']) {
    assert.is(requireProfile(` ${name} `), name);
  }
  for (const text of ['a'.repeat(32), 'a\u001bb', 'ü'.repeat(129), 'crn:v1:x', 'iam-Profile-']) {
    fails(() => requireProfile(text), 'invalid-input');
  }
});

test.run();
