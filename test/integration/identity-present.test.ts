import * as assert from 'uvu/assert';
import type { IdentitySettings } from '../../src/config/settings.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { refused, startHelper } from '../support/helper.ts';
import { claimsOf } from '../support/jwt.ts';
import {
  addIdentity,
  changeSettings,
  forEach,
  inCloud,
  newKey,
  type Person,
  refusal,
  settingsOf,
} from './identity-cloud.ts';

const test = sandboxSuite('identity presentation (--present)');

interface Owner {
  readonly name: string;
  readonly settings: Partial<IdentitySettings>;
  /** The stored secrets; some change when they are used. */
  readonly root: string;
  readonly sub: string;
}

/** Creates one identity of every kind, without mappings. */
function addOwners(person: Person, { accounts }: Sandbox): Record<string, Owner> {
  const user = accounts.addUser({ name: `Jane ${newKey()}` });
  const profile = accounts.addTrustedProfile({ assumableBy: [user.iamId], ofInstance: true }).sub;
  const kinds = {
    key: { kind: 'api-key', root: accounts.addApiKey({ owner: user.iamId }).value },
    actor: { kind: 'api-key', profile, root: accounts.addApiKey({ owner: user.iamId }).value },
    session: { kind: 'refresh-token', root: accounts.addRefreshToken({ owner: user.iamId }).value },
    entitled: { kind: 'entitlement-key', root: newKey() },
    old: { kind: 'registry-token', root: newKey() },
    machine: { kind: 'trusted-profile', profile, root: '' },
  } as const;
  const owners = Object.entries(kinds).map(([name, { root, ...settings }]): [string, Owner] => {
    addIdentity(person, name, settings, root);
    return [name, { name, settings, root, sub: 'profile' in settings ? profile : user.sub }];
  });
  return Object.fromEntries(owners);
}

/** User names that the registry accepts from each kind, the default first; `profile` is the profile's ID. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  key: ['iamapikey', 'iambearer', 'iamrefresh'],
  actor: ['profile', 'iambearer'],
  session: ['iamrefresh', 'iambearer'],
  entitled: ['cp'],
  old: ['token'],
  machine: ['iambearer'],
};
const userNames = ['iamapikey', 'iambearer', 'iamrefresh', 'profile', 'cp', 'token', 'nonsense'];

const pairs = Object.keys(allowed).flatMap((name) =>
  userNames.map((word) => [name, word] as const),
);

test('mapping: every user name of every kind', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const owners = addOwners(person, sandbox);
    await forEach(pairs, async ([name, word]) => {
      const owner = owners[name];
      if (owner === undefined) throw new Error(name);
      const present = word === 'profile' ? (owner.settings.profile ?? 'Profile-other') : word;
      const host = `cp.icr.io/${name}-${word}`;
      const outcome = await person.call(`map ${host} ${name} --present ${present}`);
      const names = (allowed[name] ?? []).map((each) => each.replace('profile', owner.sub));
      if (!names.includes(present)) {
        const line = `identity ${name} cannot be presented as ${present}`;
        assert.equal(outcome, refusal(line, `use --present ${names.join(' or ')}`), host);
        return;
      }
      assert.is(outcome.status, 0, outcome.stderr);
      const { username, secret } = await person.get(host);
      assert.is(username, present, host);
      if (present === 'iambearer') assert.is(claimsOf(secret).sub, owner.sub, host);
      else if (name === 'key' && present === 'iamrefresh') assert.match(secret, /^OKD/);
      else if (name !== 'session') assert.is(secret, owner.root, host);
    });
  }));

test('without --present: the default', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const owners = addOwners(person, sandbox);
    await forEach(Object.entries(allowed), async ([name, [usual = '']]) => {
      await person.say(`map cp.icr.io/${name} ${name}`);
      const { username, secret } = await person.get(`cp.icr.io/${name}`);
      assert.is(username, usual.replace('profile', owners[name]?.sub ?? ''));
      if (username !== 'iambearer') assert.is(secret, owners[name]?.root);
    });
  }));

test('the mapping takes precedence over the identity, and the identity over the default', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey();
    await person.say('login us.icr.io --identity work --present iambearer --api-key-stdin', value);
    assert.is((await person.get('us.icr.io')).username, 'iambearer');
    await person.say('map us.icr.io work --present iamapikey');
    assert.is((await person.get('us.icr.io')).username, 'iamapikey');
    await person.say('map us.icr.io work');
    assert.is((await person.get('us.icr.io')).username, 'iambearer');
    // A new key keeps the presentation, so that no API key starts to leave the machine unexpectedly.
    await person.say('login --identity work --api-key-stdin', value);
    assert.is((await person.get('us.icr.io')).username, 'iambearer');
    await person.say('login --identity work --present iamapikey --api-key-stdin', value);
    assert.is((await person.get('us.icr.io')).username, 'iamapikey');
  }));

test('login: refuses an unsupported --present value before using the secret', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { iamId } = sandbox.accounts.addUser();
    const { value } = sandbox.accounts.addRefreshToken({ owner: iamId });
    const rows = [
      ['--refresh-token-stdin --present iamapikey', 'iamrefresh or iambearer'],
      ['--api-key-stdin --present cp', 'iamapikey or iambearer or iamrefresh'],
      ['--entitlement-key-stdin --present iamapikey', 'cp'],
      ['--registry-token-stdin --present iambearer', 'token'],
      ['--trusted-profile Profile-x --present iamrefresh', 'iambearer'],
    ] as const;
    await forEach(rows, async ([words, only]) => {
      const present = words.split(' ').at(-1);
      const line = `identity w cannot be presented as ${present}`;
      const outcome = await person.call(`login --identity w ${words}`, value);
      assert.equal(outcome, refusal(line, `use --present ${only}`));
    });
    const unnamed = await person.call('login --api-key-stdin --present cp', value);
    assert.match(unnamed.stderr, 'identity default cannot be presented as cp\n');
    assert.is(sandbox.requests.count(), 0);
    assert.is(sandbox.accounts.ownerOfRefreshToken(value), sandbox.accounts.subject(iamId));
  }));

test('get: fails for an invalid presentation in the settings, without a fallback', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work', { present: 'cp' });
    const mappings = { '*': { identity: 'work' } };
    changeSettings(person.home, (settings) => ({ ...settings, mappings }));
    assert.equal(
      await person.call('get', 'us.icr.io'),
      refused(
        'us.icr.io: identity work cannot be presented as cp; use --present iamapikey or iambearer or iamrefresh',
      ),
    );
  }));

test('iambearer: no client command reveals the API key', ({ sandbox }) =>
  inCloud(sandbox, async ({ call, say, get }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    await say('login --identity work --present iambearer --api-key-stdin', value);
    const first = await get('us.icr.io');
    // The calls of docker login without input.
    const { stdout: echo } = await call('get', 'us.icr.io');
    await say('store', echo);
    await say('store', echo.replace('iambearer', '<token>'));
    const env = { DOCKER_CREDENTIAL_ICR_DEBUG: '1' };
    for (const words of ['list', 'status', 'status --json', 'settings', 'token --refresh']) {
      const { stdout, stderr } = await call(words, '', env);
      assert.not.match(stdout + stderr, value, words);
    }
    const again = await get('us.icr.io');
    assert.is(again.username, 'iambearer');
    assert.is.not(again.secret, first.secret, 'renewed by token --refresh');
    // A stale copy of the first response must not replace the renewed token.
    await say('store', echo);
    assert.equal(await get('us.icr.io'), again);
  }));

test('trusted profile: gets the profile’s token with two requests', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get, call }) => {
    const { accounts, requests } = sandbox;
    const { iamId } = accounts.addUser();
    const { value } = accounts.addApiKey({ owner: iamId, value: newKey() });
    const { sub } = accounts.addTrustedProfile({ name: 'nodes', assumableBy: [iamId] });
    const other = accounts.addTrustedProfile({ name: 'other' }).sub;
    const login = `login --identity work --api-key-stdin --trusted-profile`;
    assert.match(await say(`${login} ${sub}`, value), /as trusted profile nodes \(account \w+\)/);
    assert.is((await get('us.icr.io')).username, sub);
    assert.is((await get('us.icr.io')).secret, value);
    await say('map us.icr.io work --present iambearer');
    requests.reset();
    assert.is(claimsOf((await get('us.icr.io')).secret).sub, sub);
    assert.equal(
      requests.log.map(({ grant }) => grant),
      ['apikey', 'assume'],
    );
    const outcome = await call(`${login} ${other}`, value);
    assert.equal(
      outcome,
      refusal(
        `IAM refused the API key as trusted profile ${other} (BXNIM0407E: Provided token is invalid.)`,
        'check it, then run docker-credential-icr login --identity work again',
      ),
    );
    assert.is(claimsOf((await get('us.icr.io')).secret).sub, sub, 'as before');
  }));

test('trusted profile: by name in the account of the key, and by CRN; the ID is stored', ({
  sandbox,
}) =>
  inCloud(sandbox, async ({ home, env, say, get, call }) => {
    const { accounts } = sandbox;
    const { iamId, accountId } = accounts.addUser();
    const { value } = accounts.addApiKey({ owner: iamId, value: newKey() });
    const assumableBy = [iamId];
    accounts.addTrustedProfile({ name: 'all nodes', accountId: 'other', assumableBy });
    const { sub, crn } = accounts.addTrustedProfile({ name: 'all nodes', accountId, assumableBy });
    for (const profile of ['all nodes', crn]) {
      const words = [
        'login',
        '--identity',
        'work',
        '--api-key-stdin',
        '--trusted-profile',
        profile,
      ];
      const { stdout } = await startHelper(home, words, value, { env }).outcome;
      assert.match(stdout, 'Logged in as trusted profile all nodes (account ');
      assert.is(settingsOf(home).identities.work?.profile, sub);
      assert.is((await get('us.icr.io')).username, sub);
      await say('logout --identity work');
    }
    const { stderr } = await call('login --api-key-stdin --trusted-profile none', value);
    assert.match(stderr, 'IAM refused the API key as trusted profile none (BXNIM0407E: ');
  }));

test('a new key from any source continues to use the profile', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get, call }) => {
    const { accounts } = sandbox;
    const { iamId } = accounts.addUser();
    const keys = [1, 2, 3].map(() => accounts.addApiKey({ owner: iamId, value: newKey() }).value);
    const { sub } = accounts.addTrustedProfile({ assumableBy: [iamId] });
    const id = `iam-${sub}`;
    await say(`login --identity work --trusted-profile ${id} --api-key-stdin`, keys[0]);
    await say('login --identity work --api-key-stdin', keys[1]);
    assert.equal(await get('us.icr.io'), { username: sub, secret: keys[1], warnings: '' });
    const { status } = await call('login --identity work', '', { IBMCLOUD_API_KEY: keys[2] });
    assert.is(status, 0);
    assert.equal(await get('us.icr.io'), { username: sub, secret: keys[2], warnings: '' });
  }));

test.run();
