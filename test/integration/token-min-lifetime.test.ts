import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import {
  addIdentity,
  inCloud,
  newKey,
  type Person,
  refusal,
  settingsOf,
} from './identity-cloud.ts';

const test = sandboxSuite('--min-lifetime');

const minute = 60_000;
const login = 'login --identity ci --present iambearer --api-key-stdin';

/** Logs in, and caches a token of this age. Returns the API key and the token. */
async function withToken(
  { home, say, get }: Person,
  { accounts, requests }: Sandbox,
  ageMs: number,
  options = '',
): Promise<{ key: string; token: string }> {
  const { value: key } = accounts.addApiKey({ value: newKey() });
  await say(login + options, key);
  const { secret: token } = await get('us.icr.io');
  const file = path.join(home.folder, '.cache/docker-credential-icr/ci.json');
  const entry = JSON.parse(fs.readFileSync(file, 'utf8'));
  for (const name of ['issuedAt', 'expiresAt']) entry[name] -= ageMs;
  fs.writeFileSync(file, JSON.stringify(entry));
  requests.reset();
  return { key, token };
}

test('login: a cached token with less left is renewed before a client gets it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { token } = await withToken(person, sandbox, 20 * minute, ' --min-lifetime 45m');
    const renewed = await person.get('us.icr.io');
    assert.is.not(renewed.secret, token);
    assert.is(renewed.warnings, '');
    assert.equal(await person.get('de.icr.io'), renewed);
    assert.is((await person.say('token')).trim(), renewed.secret);
    assert.is(sandbox.requests.count(), 1);
  }));

test('map: the minimum of the mapping has precedence', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { token } = await withToken(person, sandbox, 20 * minute);
    await person.say('map de.icr.io ci --min-lifetime 45m');
    assert.is((await person.get('us.icr.io')).secret, token);
    const renewed = await person.get('de.icr.io');
    assert.is.not(renewed.secret, token);
    assert.equal(await person.get('us.icr.io'), renewed);
  }));

test('map: off disables the minimum of the identity', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { token } = await withToken(person, sandbox, 20 * minute, ' --min-lifetime 45m');
    await person.say('map de.icr.io ci --min-lifetime off');
    assert.is((await person.get('de.icr.io')).secret, token);
    assert.is.not((await person.get('us.icr.io')).secret, token);
  }));

test('a new login keeps the minimum until it is off or the key itself is presented', ({
  sandbox,
}) =>
  inCloud(sandbox, async ({ say, home }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    const minimum = () => settingsOf(home).identities.ci?.minLifetimeMs;
    const again = 'login --identity ci --api-key-stdin';
    await say(`${login} --min-lifetime 30m`, value);
    await say(again, value);
    assert.is(minimum(), 30 * minute);
    await say(`${again} --min-lifetime off`, value);
    assert.is(minimum(), undefined);
    await say(`${again} --min-lifetime 20m`, value);
    await say(`${again} --present iamapikey`, value);
    assert.is(minimum(), undefined);
  }));

test('renewal is refused or fails: the client gets the valid token', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { key, token } = await withToken(person, sandbox, 40 * minute, ' --min-lifetime 50m');
    sandbox.accounts.removeApiKey({ key });
    const { secret, warnings } = await person.get('us.icr.io');
    assert.is(secret, token);
    assert.match(
      warnings,
      /^docker-credential-icr: IAM refused the API key of identity ci .*; the cached access token of ci expires in 19 min\n$/,
    );
  }));

test('renewal is refused and the token has expired: the error', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { key } = await withToken(person, sandbox, 60 * minute, ' --min-lifetime 50m');
    sandbox.accounts.removeApiKey({ key });
    const { stdout, ...rest } = await person.call('get', 'us.icr.io');
    assert.equal(rest, { stderr: '', status: 1 });
    assert.match(stdout, /^us\.icr\.io: IAM refused the API key of identity ci /);
  }));

test('is refused before a secret is used if clients get no access token', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { call } = person;
    addIdentity(person, 'key');
    addIdentity(person, 'old', { kind: 'registry-token' });
    const rows = [
      ['login --identity new --api-key-stdin', 'new', 'iamapikey', true],
      ['login --identity new --refresh-token-stdin', 'new', 'iamrefresh', true],
      ['login --identity new --registry-token-stdin', 'new', 'token', false],
      ['map us.icr.io key', 'key', 'iamapikey', true],
      ['map us.icr.io key --present iamrefresh', 'key', 'iamrefresh', true],
      ['map us.icr.io old', 'old', 'token', false],
    ] as const;
    for (const [words, name, username, isPossible] of rows) {
      const line = `--min-lifetime is for access tokens, but identity ${name} is presented as ${username}`;
      assert.equal(
        await call(`${words} --min-lifetime 30m`, newKey()),
        refusal(line, isPossible ? 'add --present iambearer' : undefined),
      );
    }
    assert.is(sandbox.requests.count(), 0);
  }));

test('values that cannot be met are refused with the reason', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    assert.equal(
      await call(`${login} --min-lifetime 1h`, newKey()),
      refusal(
        '--min-lifetime 1h cannot be met: IAM access tokens expire after 60 minutes',
        'use at most 59m',
      ),
    );
    assert.is(sandbox.requests.count(), 0);
  }));

test('an invalid minimum in the settings affects only the identity that has it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'bad', { minLifetimeMs: -1 });
    addIdentity(person, 'good');
    await person.say('map us.icr.io good');
    assert.is((await person.get('us.icr.io')).username, 'iamapikey');
    const { status, stderr } = await person.call('map de.icr.io bad');
    assert.is(status, 1);
    assert.match(stderr, 'identity bad cannot be used: a field is invalid');
  }));

test('status shows what is left of the cached token, and requests none', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say } = person;
    await withToken(person, sandbox, 14.5 * minute, ' --min-lifetime 30m');
    addIdentity(person, 'key');
    addIdentity(person, 'other', { present: 'iambearer' });
    await say('map de.icr.io key');
    await say('map jp.icr.io other');
    const lines = (await say('status us.icr.io de.icr.io jp.icr.io')).split('\n');
    assert.equal(
      lines.map((line) => line.split(/ {2,}/).at(-1)),
      ['CACHED TOKEN', '-', 'none', '45 min (min 30 min)', ''],
    );
    const { hosts } = JSON.parse(await say('status us.icr.io jp.icr.io de.icr.io --json'));
    const tokens = Object.fromEntries(
      hosts.map(({ host, token }: { host: string; token?: object }) => [host, token]),
    );
    const { endsAt, minLifetimeMs } = tokens['us.icr.io'];
    assert.is(minLifetimeMs, 30 * minute);
    assert.ok(Date.parse(endsAt) > Date.now() + 44 * minute);
    assert.equal([tokens['jp.icr.io'], tokens['de.icr.io']], [{}, undefined]);
    assert.is(sandbox.requests.count(), 0);
  }));

test('status has no column for tokens if no client gets one', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'key');
    await person.say('map de.icr.io key');
    assert.not.match(await person.say('status'), 'CACHED TOKEN');
  }));

test('kubelet and get use the same minimum', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { token } = await withToken(person, sandbox, 20 * minute, ' --min-lifetime 45m');
    const request = {
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      kind: 'CredentialProviderRequest',
      image: 'us.icr.io/ns/image:1',
    };
    const env = { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: person.home.config };
    const cache = path.join(person.home.folder, '.cache/docker-credential-icr');
    const { stdout } = await person.start('kubelet', JSON.stringify(request), {
      ...env,
      DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache,
    }).outcome;
    const [auth] = Object.values(JSON.parse(stdout).auth) as { password: string }[];
    assert.is.not(auth?.password, token);
    assert.is(auth?.password, (await person.get('us.icr.io')).secret);
  }));

test.run();
