import * as assert from 'uvu/assert';
import type { ApiKey } from '../sandbox/api-keys.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import { addIdentity, inCloud, newKey, settingsOf } from './identity-cloud.ts';

const test = sandboxSuite('properties of API keys');

const dayMs = 24 * 60 * 60_000;

/** Returns the time after which the key expires, in whole days. */
function daysLeft({ expiresAt }: Pick<ApiKey, 'expiresAt'>): number {
  return Math.round((Date.parse(expiresAt ?? '') - Date.now()) / dayMs);
}

test('create: IBM disables a leaked key by default, and the key may expire', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { iamId } = addUserWithKey(sandbox, person, 'jane');
    for (const words of [
      'a --output a.json',
      'b --expires-in 90d --save --identity b us.icr.io',
      'c --action-when-leaked none --output c.json',
    ]) {
      assert.is((await person.call(`api-key create ${words}`)).status, 0, words);
    }
    const [, a, b, c] = keysOf(sandbox, iamId);
    assert.equal(
      [a, b, c].map((key) => key?.actionWhenLeaked),
      ['disable', 'disable', 'none'],
    );
    assert.is(a?.expiresAt, undefined);
    assert.is(b && daysLeft(b), 90);
    const { expiresAt } = settingsOf(person.home).identities.b ?? {};
    assert.is(expiresAt, Date.parse(b?.expiresAt ?? ''));
    assert.match(await person.say('api-key show b'), /^expires: {5}20.*\nwhen leaked: disable\n$/m);
    const shown = JSON.parse(await person.say('api-key show b --json'));
    assert.equal([shown.actionWhenLeaked, shown.supportSessions], ['disable', false]);

    sandbox.accounts.leakApiKey({ key: b?.id ?? '' });
    const refused = await person.call('token --refresh --identity b');
    assert.match(refused.stderr, /BXNIM0462E/);
  }));

const invalid = ['90', '0d', '-1d', 'd', '1.5d', '11y', '999999w', '1m'];
test('create, rotate: an invalid --expires-in changes nothing', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { iamId } = addUserWithKey(sandbox, person, 'jane');
    for (const value of invalid) {
      for (const command of ['create x', 'rotate jane']) {
        const { status, stderr } = await person.call(`api-key ${command} --expires-in=${value}`);
        assert.is(status, 1, `${value}: ${stderr}`);
      }
    }
    const { stderr } = await person.call('api-key create x --expires-in 90');
    assert.match(stderr, /: invalid value of --expires-in\nhint: use hours, days, .*: 12h, 90d/);
    assert.is(keysOf(sandbox, iamId).length, 1);
  }));

test('rotate: keeps description, expiry, leak action and sessions', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const expiresAt = `${new Date(Date.now() + 40 * dayMs).toISOString().slice(0, 16)}:00.000Z`;
    const kept = {
      description: 'of jane',
      expiresAt,
      actionWhenLeaked: 'delete',
      supportSessions: true,
    } as const;
    sandbox.accounts.changeApiKey({ key: old.id, ...kept });
    const said = await person.say('api-key rotate jane');
    const [key] = keysOf(sandbox, old.iamId);
    assert.is.not(key?.id, old.id);
    assert.equal({ ...key, ...kept }, key);
    const day = expiresAt.slice(0, 10);
    assert.match(said, `\nthe new key expires on ${day}, with the old one\n`);

    const words = 'api-key rotate jane --expires-in 1y --action-when-leaked disable';
    assert.match(await person.say(words), /\nthe new key expires on 2\d{3}-\d\d-\d\d\nIAM accepts/);
    const [renewed] = keysOf(sandbox, old.iamId);
    assert.equal([renewed && daysLeft(renewed), renewed?.actionWhenLeaked], [365, 'disable']);
    assert.is(
      settingsOf(person.home).identities.jane?.expiresAt,
      Date.parse(renewed?.expiresAt ?? ''),
    );
  }));

for (const isRetrievable of [true, false]) {
  test(`rotate: keeps that IAM ${isRetrievable ? 'stores' : 'does not store'} the value`, ({
    sandbox,
  }) =>
    inCloud(sandbox, async (person) => {
      const { accounts } = sandbox;
      const { iamId: owner } = accounts.addServiceId({ name: 'ci' });
      const old = accounts.addApiKey({ value: newKey(), name: 'ci', owner, isRetrievable });
      addIdentity(person, 'ci', {}, old.value);
      await person.say('api-key rotate ci');
      const [key] = keysOf(sandbox, owner);
      assert.is.not(key?.id, old.id);
      assert.is(key?.isRetrievable, isRetrievable);
    }));
}

test('rotate: warns of an expiry that is kept and near, and does not create an expired key', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const at = (days: number) => new Date(Date.now() + days * dayMs).toISOString();
    sandbox.accounts.changeApiKey({ key: old.id, expiresAt: at(5) });
    const { status, stderr } = await person.call('api-key rotate jane');
    assert.is(status, 0);
    assert.match(
      stderr,
      /^docker-credential-icr: the new key expires on \S+, with the old one\nhint: run docker-credential-icr api-key rotate jane --expires-in 90d\n$/,
    );

    const [next] = keysOf(sandbox, old.iamId);
    sandbox.accounts.changeApiKey({ key: next?.id ?? '', expiresAt: at(-5) });
    const admin = sandbox.accounts.addApiKey({ owner: old.iamId, name: 'admin' });
    await person.say('login --identity admin --api-key-stdin', admin.value);
    const refused = await person.call('api-key rotate jane --as admin');
    assert.match(refused.stderr, /\(jane\) expired on \S+, and .*\nhint: add --expires-in, /);
    assert.is(keysOf(sandbox, old.iamId).length, 2);
    await person.say('api-key rotate jane --as admin --expires-in 12h');
    assert.is(keysOf(sandbox, old.iamId).length, 2);
  }));

test('rotate --unlock: moves the lock to the new key', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    sandbox.accounts.changeApiKey({ key: old.id, locked: true });
    const refused = await person.call('api-key rotate jane');
    assert.match(
      refused.stderr,
      /\(jane\) is locked and cannot be deleted\nhint: run docker-credential-icr api-key rotate jane --unlock, which locks the new key\n$/,
    );
    const said = await person.say('api-key rotate jane --unlock');
    assert.match(said, /\(jane\) is locked\n.*is deleted\n$/);
    const keys = keysOf(sandbox, old.iamId);
    assert.equal(
      keys.map(({ id, locked }) => [id === old.id, locked]),
      [[false, true]],
    );
  }));

test('rotate --leaked: disables the old key before it deletes it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts, faults } = sandbox;
    const old = addUserWithKey(sandbox, person, 'jane');
    const path = `/v1/apikeys/${old.id}`;
    // The request that disables the key succeeds.
    faults.add('iam', { kind: 'delay', delayMs: 0, path });
    faults.add('iam', { kind: 'status', status: 409, path });
    const { stdout, stderr, status } = await person.call('api-key rotate jane --leaked');
    assert.is(status, 1);
    assert.match(stdout, /identity jane uses the new key\nthe old API key \S+ is disabled\n$/);
    assert.match(stderr, /uses the new key, but the old one is not deleted: /);
    assert.is(accounts.ownerOfApiKey(old.value), 'disabled');
    const { secret } = await person.get('us.icr.io');
    assert.is(accounts.apiKey(secret)?.disabled, false);

    const again = await person.say('api-key rotate jane --leaked');
    assert.match(again, /is disabled\nthe old API key \S+ is deleted\n$/);
    assert.equal(
      keysOf(sandbox, old.iamId).map(({ value }) => value),
      [secret],
    );
  }));

test('rotate --leaked: says that the new key is in use if IAM does not disable the old one', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const { id } = addUserWithKey(sandbox, person, 'jane');
    sandbox.faults.add('iam', { kind: 'status', status: 403, path: `/v1/apikeys/${id}` });
    const { stderr, status } = await person.call('api-key rotate jane --leaked');
    assert.is(status, 1);
    assert.match(
      stderr,
      /: identity jane uses the new key, but the old one is not disabled: IAM refused .*, then run docker-credential-icr api-key rotate jane --leaked to continue\n$/s,
    );
  }));

test('rotate --leaked: replaces a key that IBM has disabled, as another identity', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const admin = sandbox.accounts.addApiKey({ owner: old.iamId, name: 'admin' });
    await person.say('login --identity admin --api-key-stdin', admin.value);
    sandbox.accounts.changeApiKey({ key: old.id, actionWhenLeaked: 'disable' });
    sandbox.accounts.leakApiKey({ key: old.id });
    await person.say('api-key rotate jane --leaked --as admin');
    const { secret } = await person.get('us.icr.io');
    const key = sandbox.accounts.apiKey(secret);
    assert.equal([key?.name, key?.disabled], ['jane', false]);
    assert.is(sandbox.accounts.apiKey(old.id), undefined);
  }));

test('an expired key is deleted 90 days later', ({ sandbox: { accounts } }) => {
  const { iamId: owner } = accounts.addUser();
  const expiresAt = new Date(Date.now() - 100 * dayMs).toISOString();
  const { id } = accounts.addApiKey({ owner, expiresAt });
  assert.ok(accounts.apiKey(id), 'it was changed a moment ago');
});

test.run();
