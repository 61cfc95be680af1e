import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { credential, notFound } from '../support/helper.ts';
import {
  addIdentity,
  forEach,
  inCloud,
  newKey,
  type Person,
  refusal,
  settingsOf,
} from './identity-cloud.ts';

const test = sandboxSuite('logout');

/** Files that contain secrets or names. */
function secretFiles({ home }: Person): string[] {
  return fs
    .readdirSync(home.folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => {
      const file = path.join(home.folder, name);
      return fs.statSync(file).isFile() && /canary|eyJ|OKD/.test(fs.readFileSync(file, 'utf8'));
    })
    .sort();
}

/** Creates the default identity, `work` for two hosts, docker logins for two, and tokens for all. */
async function settle(person: Person, key: string): Promise<void> {
  const { say, get } = person;
  await say('store', credential('es.icr.io', 'iamapikey', key));
  await say('store', credential('quay.io', 'robot', 'canary-robot'));
  await say('login --api-key-stdin --no-verify', key);
  await say('login us.icr.io --api-key-stdin --no-verify', key);
  await say('login de.icr.io jp.icr.io --identity work --api-key-stdin --no-verify', key);
  await say('map uk.icr.io work --present iamrefresh');
  await get('uk.icr.io');
  for (const name of ['default', 'us.icr.io', 'work']) await say(`token --identity ${name}`);
}

const cache = '.cache/docker-credential-icr';
const config = '.config/docker-credential-icr';

test('logout --identity: removes one identity with its mappings and tokens', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await settle(person, sandbox.accounts.addApiKey({ value: newKey() }).value);
    const gone = await person.say('logout --identity work');
    assert.is(gone, 'removed identity work and its secret\n');
    assert.not.match(secretFiles(person).join(), /work/);
    assert.equal(Object.keys(settingsOf(person.home).mappings).sort(), ['*', 'us.icr.io']);
    const { stderr, status } = await person.call('logout --identity work');
    assert.equal(
      { stderr, status },
      {
        stderr:
          'docker-credential-icr: unknown identity; existing identities: default, us.icr.io\n',
        status: 1,
      },
    );
  }));

test('logout: removes everything except credentials of other registries', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await settle(person, sandbox.accounts.addApiKey({ value: newKey() }).value);
    assert.equal(secretFiles(person), [
      `${cache}/default.json`,
      `${cache}/us.icr.io.json`,
      `${cache}/work%20iamrefresh.json`,
      `${cache}/work.json`,
      `${config}/hosts/es.icr.io.json`,
      `${config}/hosts/quay.io.json`,
      `${config}/identities/default.json`,
      `${config}/identities/us.icr.io.json`,
      `${config}/identities/work.json`,
    ]);
    // A partial secret from a killed process.
    fs.writeFileSync(path.join(person.home.folder, cache, '.01234567-1-a-1-b.tmp'), 'eyJ');
    fs.writeFileSync(path.join(person.home.folder, cache, 'notes.json'), '{"name":"somebody’s"}');
    assert.is(
      await person.say('logout'),
      'logged out of all ICR hosts; all identities and their secrets are removed\n' +
        'credentials for other registries are still stored; to remove them, run docker-credential-icr logout quay.io\n',
    );
    assert.equal(secretFiles(person), [`${config}/hosts/quay.io.json`]);
    assert.ok(fs.existsSync(path.join(person.home.folder, cache, 'notes.json')));
    assert.equal(settingsOf(person.home), { identities: {}, mappings: {} });
    assert.equal(await person.call('get', 'us.icr.io'), notFound);
    assert.is((await person.get('quay.io')).username, 'robot');
    assert.is(
      await person.say('status'),
      'HOST     STATE  IDENTITY  USER NAME  STORED IN            EXPIRES IN\nquay.io  ok     -         robot      file (docker login)  -\n',
    );
  }));

test('logout HOST: removes data for that host only', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
    await settle(person, key);
    await person.say('map us.icr.io/team-a work');
    assert.is(
      await person.say('logout us.icr.io de.icr.io es.icr.io'),
      'logged out of us.icr.io\nidentity work is kept\n' +
        'logged out of de.icr.io\nidentity work is kept\n' +
        'logged out of es.icr.io\n',
    );
    assert.equal(secretFiles(person), [
      `${cache}/default.json`,
      `${cache}/work%20iamrefresh.json`,
      `${cache}/work.json`,
      `${config}/hosts/quay.io.json`,
      `${config}/identities/default.json`,
      `${config}/identities/work.json`,
    ]);
    const hosts = ['us.icr.io', 'us.icr.io/team-a/image', 'de.icr.io', 'es.icr.io'];
    await forEach(hosts, async (host) =>
      // Not even with the identity for all hosts.
      assert.equal(await person.call('get', host), notFound, host),
    );
    assert.is((await person.get('jp.icr.io')).secret, key);
    assert.is((await person.get('ca.icr.io')).secret, key);
    await person.say('map de.icr.io work');
    assert.is((await person.get('de.icr.io')).secret, key, 'named again');
  }));

test('logout HOST: removes a docker login of any registry', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say, call } = person;
    const hub = 'https://index.docker.io/v1/';
    for (const url of [hub, `${hub}access-token`, '[::1]:5000']) {
      await say('store', credential(url, 'me', 'canary'));
    }
    const [, line = ''] = (await say('logout')).split('\n');
    const command =
      "docker-credential-icr logout '[::1]:5000' index.docker.io index.docker.io/access-token";
    assert.match(line, new RegExp(`run ${command.replace(/[[\].]/g, '\\$&')}$`));
    assert.is(await say(`logout ${hub}`), 'removed the credential for index.docker.io\n');
    await say('logout index.docker.io/access-token [::1]:5000');
    assert.equal(secretFiles(person), []);
    assert.equal(
      await call('logout quay.io'),
      refusal(
        'no credential is stored for quay.io',
        'run docker-credential-icr status to list the hosts',
      ),
    );
    const typo = await call('logout canary-key');
    assert.not.match(typo.stderr, 'canary');
    assert.is(typo.status, 1);
  }));

test('logout: reports an API key in the environment, which it cannot remove', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { stderr, status } = await person.call('logout us.icr.io', '', { IC_API_KEY: newKey() });
    assert.equal(
      [stderr, status],
      ['docker-credential-icr: IC_API_KEY is still set\nhint: run unset IC_API_KEY\n', 0],
    );
  }));

test('logout: a token request that was pending is not stored afterwards', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
    addIdentity(person, 'work', { present: 'iambearer' }, key);
    await person.say('map * work');
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    sandbox.faults.add('iam', { kind: 'delay', until });
    const getting = person.call('get', 'us.icr.io');
    while (sandbox.requests.count() === 0) await sleep(5);
    await person.say('logout');
    release();
    assert.is((await getting).status, 0, 'the pending request succeeds');
    assert.equal(secretFiles(person), []);
  }));

test('logout HOST/NAMESPACE: removes that mapping and preserves the host', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say, call, get } = person;
    const [key, other] = [newKey(), newKey()];
    await say('login us.icr.io --api-key-stdin --no-verify', key);
    await say('login us.icr.io/team-a --api-key-stdin --no-verify', other);
    assert.is((await get('us.icr.io/team-a')).secret, other);
    assert.is(
      await say('logout us.icr.io/team-a'),
      'logged out of us.icr.io/team-a; the credential of us.icr.io is used for it, if there is one\n',
    );
    assert.equal(Object.keys(settingsOf(person.home).identities), ['us.icr.io']);
    for (const host of ['us.icr.io', 'us.icr.io/team-a']) assert.is((await get(host)).secret, key);
    assert.equal(
      await call('logout us.icr.io/team-b'),
      refusal(
        'us.icr.io/team-b has no mapping',
        'run docker-credential-icr logout us.icr.io to log out of all of us.icr.io',
      ),
    );
    assert.is((await get('us.icr.io')).secret, key);
  }));

test('logout: a host that fails does not prevent logout from the others', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, call }) => {
    await say('login us.icr.io --api-key-stdin --no-verify', newKey());
    await say('store', credential('http://plain.example:443', 'robot', 'canary'));
    const { stdout } = await call('logout');
    assert.match(stdout, 'docker-credential-icr logout http://plain.example:443\n');
    await say('login us.icr.io --api-key-stdin --no-verify', newKey());
    const words = 'logout typo.example de.icr.io/team-a us.icr.io http://plain.example:443';
    const { stderr, status } = await call(words);
    assert.is(status, 1);
    assert.match(stderr, 'de.icr.io/team-a has no mapping');
    assert.match(stderr, 'no credential is stored for typo.example');
    assert.equal(JSON.parse(await say('list')), {});
  }));

test('logout: reports sources that still provide credentials', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, call }) => {
    await say('settings ibmcloud-session on');
    await say('settings compute-profile Profile-x');
    const { stderr, status } = await call('logout');
    assert.is(status, 0);
    for (const [who, source] of [
      ["the ibmcloud CLI's session", 'ibmcloud-session'],
      ['trusted profile Profile-x', 'compute-profile'],
    ]) {
      const line = `${who} is still used\nhint: run docker-credential-icr settings ${source} off\n`;
      assert.match(stderr, line);
    }
  }));

test.run();
