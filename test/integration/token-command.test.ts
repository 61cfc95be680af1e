import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { credential } from '../support/helper.ts';
import { claimsOf } from '../support/jwt.ts';
import { addIdentity, forEach, inCloud, newKey, refusal } from './identity-cloud.ts';

const test = sandboxSuite('token');

test('prints the token of a host’s identity or of a named identity', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts, requests } = sandbox;
    const [one, two] = [accounts.addUser({ name: 'One' }), accounts.addUser({ name: 'Two' })];
    addIdentity(person, 'one', {}, accounts.addApiKey({ owner: one.iamId }).value);
    addIdentity(person, 'two', {}, accounts.addApiKey({ owner: two.iamId }).value);
    await person.say('map * one');
    await person.say('map us.icr.io/team-a two');
    const rows = [
      ['token', one.sub],
      ['token us.icr.io', one.sub],
      ['token us.icr.io/team-a', two.sub],
      ['token --identity two', two.sub],
      ['token de.icr.io --identity two', two.sub],
    ] as const;
    await forEach(rows, async ([words, sub]) => {
      const printed = await person.say(words);
      assert.match(printed, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, words);
      assert.is(claimsOf(printed).sub, sub, words);
    });
    assert.is(requests.count(), 2, 'one for each identity, however it was named');
  }));

test('--refresh: requests a new token, which clients get afterwards', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey();
    addIdentity(person, 'work', { present: 'iambearer' }, value);
    await person.say('map * work');
    const first = await person.say('token');
    assert.is(await person.say('token'), first);
    const second = await person.say('token --refresh');
    assert.is.not(second, first);
    assert.is((await person.get('us.icr.io')).secret, second.trim());
    sandbox.faults.add('iam', { kind: 'not-json' });
    assert.is((await person.call('token --refresh')).status, 1, 'the old token is not returned');
    assert.is(await person.say('token'), second, 'the old token is preserved');
  }));

test('a docker login', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, call }) => {
    const user = sandbox.accounts.addUser();
    const { value } = sandbox.accounts.addApiKey({ owner: user.iamId, value: newKey() });
    await say('store', credential('us.icr.io', 'iamapikey', value));
    assert.is(claimsOf(await say('token us.icr.io')).sub, user.sub);
    await say('store', credential('de.icr.io', 'iamrefresh', 'canary-refresh'));
    const worthless = refusal(
      'cannot get an access token with the credential in file (docker login)',
      'run docker-credential-icr login with an API key',
    );
    assert.equal(await call('token de.icr.io'), worthless);
    assert.is(sandbox.requests.count(), 1, 'the refresh token is not used');
  }));

test('no token: prints the reason', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'entitled', { kind: 'entitlement-key' });
    addIdentity(person, 'old', { kind: 'registry-token' });
    const cannot = 'cannot get an access token with';
    const hint = 'run docker-credential-icr login with an API key';
    const login = 'run docker-credential-icr login';
    const rows = [
      ['token', 'no credential for icr.io', login],
      ['token us.icr.io', 'no credential for us.icr.io', login],
      ['token --identity entitled', `${cannot} identity entitled`, hint],
      ['token --identity old', `${cannot} identity old`, hint],
      [
        'token quay.io',
        'quay.io is not a host of IBM Cloud Container Registry',
        'use a host that ends in icr.io',
      ],
    ] as const;
    await forEach(rows, async ([words, line, hint]) =>
      assert.equal(await person.call(words), refusal(line, hint), words),
    );
    addIdentity(person, 'us.icr.io');
    const other = `${login}, or add --identity us.icr.io`;
    assert.equal(await person.call('token'), refusal('no credential for icr.io', other));
    const as = `${login}, or add --as us.icr.io`;
    assert.equal(await person.call('api-key list'), refusal('no credential for icr.io', as));
    assert.is(sandbox.requests.count(), 0);
  }));

test.run();
