import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { AccessEntry } from '../../src/access-log/entry.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { answer, credential, unprivilegedHelper } from '../support/helper.ts';
import { addIdentity, forEach, inCloud, newKey, type Person } from './identity-cloud.ts';

const test = sandboxSuite('access log');

type Entry = Omit<AccessEntry, 'time' | 'pid'>;

function folderOf({ home }: Person): string {
  return path.join(home.config, 'access-log');
}

async function history({ say }: Person, words = ''): Promise<Entry[]> {
  return JSON.parse(await say(`status --history --json${words}`)).entries;
}

/** Adds identity `work` for all hosts and enables the log. Returns the key. */
async function withLog(person: Person): Promise<string> {
  const key = addIdentity(person, 'work');
  await person.say('map * work');
  assert.is(await person.say('settings access-log on'), 'access-log is on\n');
  return key;
}

test('is off by default, and keeps its entries when it is disabled', ({ sandbox: _ }) =>
  inCloud(_, async (person) => {
    const { say, get, call } = person;
    addIdentity(person, 'work');
    await say('map * work');
    await get('us.icr.io');
    assert.not.ok(fs.existsSync(folderOf(person)));
    await say('settings access-log on');
    await get('us.icr.io');
    assert.is(await say('settings access-log off'), 'access-log is off\n');
    await get('us.icr.io');
    assert.is((await history(person)).length, 1);
    const { stderr } = await call('status --history');
    const hint = 'run docker-credential-icr settings access-log on';
    assert.is(stderr, `docker-credential-icr: the access log is off\nhint: ${hint}\n`);
  }));

test('get: one entry for each credential, in a file with mode 0600, without the secret', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const key = await withLog(person);
    await person.get('us.icr.io');
    const [name = ''] = fs.readdirSync(folderOf(person));
    const file = path.join(folderOf(person), name);
    assert.is(fs.statSync(folderOf(person)).mode & 0o777, 0o700);
    assert.is(fs.statSync(file).mode & 0o777, 0o600);
    await person.get('de.icr.io/team');
    for (const each of fs.readdirSync(folderOf(person))) {
      assert.not.match(fs.readFileSync(path.join(folderOf(person), each), 'utf8'), key);
    }
    const entries = await history(person);
    const shown = entries.map(({ command, host, identity, username }) =>
      [command, host, identity, username].join(' '),
    );
    assert.equal(shown, ['get us.icr.io work iamapikey', 'get de.icr.io work iamapikey']);
    if (process.platform !== 'linux') return;
    const program = fs.readFileSync('/proc/self/comm', 'utf8').trim();
    assert.equal([...new Set(entries.map((each) => each.program))], [program]);
  }));

test('get: 64 parallel calls lose nothing, also while entries are moved', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await withLog(person);
    const calls = Array.from({ length: 64 }, (_, index) => index);
    await forEach(calls, async (index) => {
      if (index % 16 === 0) await history(person);
      await person.get('us.icr.io');
    });
    assert.is((await history(person)).length, 64);
  }));

test('logs access tokens with their expiry, and each command that hands out a credential', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const { say, start } = person;
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    await say('login --identity work --present iambearer --api-key-stdin', value);
    await say('settings access-log on');
    await person.get('us.icr.io');
    await say('token us.icr.io');
    await say('exec us.icr.io -- true');
    await say('store', credential('quay.io', 'canary-name', 'canary'));
    await start('get', 'quay.io').outcome;
    await start('kubernetes secret icr --host us.icr.io').outcome;
    const request = {
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      kind: 'CredentialProviderRequest',
      image: 'us.icr.io/ns/image:1',
    };
    const folders = {
      DOCKER_CREDENTIAL_ICR_CONFIG_DIR: person.home.config,
      DOCKER_CREDENTIAL_ICR_CACHE_DIR: path.join(
        person.home.folder,
        '.cache/docker-credential-icr',
      ),
    };
    await start('kubelet', JSON.stringify(request), folders).outcome;
    const entries = await history(person);
    assert.equal(
      entries.map(({ command, host, username }) => [command, host, username]),
      [
        ['get', 'us.icr.io', 'iambearer'],
        ['token', 'us.icr.io', 'iambearer'],
        ['exec', 'us.icr.io', 'iambearer'],
        ['get', 'quay.io', undefined],
        ['kubernetes secret', 'us.icr.io', 'iambearer'],
        ['kubelet', 'us.icr.io', 'iambearer'],
      ],
    );
    for (const { username, expires } of entries) {
      assert.is(expires !== undefined, username === 'iambearer');
      if (expires !== undefined) assert.ok(Date.parse(expires) > Date.now());
    }
  }));

test('status --history: one line for each kind of use; selects identities and hosts', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const { say, get } = person;
    await withLog(person);
    addIdentity(person, 'prod');
    await say('map de.icr.io/team prod');
    for (const host of ['us.icr.io', 'de.icr.io/team/a', 'us.icr.io']) await get(host);
    const rows = async (words: string) =>
      (await say(`status --history${words}`))
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/));
    const [head, ...lines] = await rows('');
    assert.equal(head, ['LAST USE', 'USES', 'HOST', 'IDENTITY', 'USER NAME', 'BY']);
    assert.equal(
      lines.map((line) => line.slice(1, 5)),
      [
        ['1', 'de.icr.io', 'prod', 'iamapikey'],
        ['2', 'us.icr.io', 'work', 'iamapikey'],
      ],
    );
    assert.is((await rows(' prod')).length, 2);
    assert.is((await history(person, ' us.icr.io')).length, 2);
    assert.equal(await rows(' other'), [['no use in the access log']]);
  }));

test('api-key rotate and delete show the last use', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say, get, call } = person;
    const owner = sandbox.accounts.addUser().iamId;
    const { value } = sandbox.accounts.addApiKey({ owner, value: newKey() });
    const other = sandbox.accounts.addApiKey({ owner, value: newKey() });
    await say('login --identity work --api-key-stdin', value);
    await say('settings access-log on');
    assert.match(
      (await call('api-key rotate work')).stdout,
      /^identity work: not in the access log$/m,
    );
    await get('us.icr.io');
    const line = /^identity work: last used at \d{4}-\d\d-\d\dT[\d:.]+Z for us\.icr\.io by \S+$/m;
    assert.match((await call('api-key rotate work')).stdout, line);
    await say('login --identity work --api-key-stdin', other.value);
    assert.match((await call(`api-key delete ${other.id} --yes`)).stdout, line);
  }));

const faults: Readonly<Record<string, (folder: string, target: string) => void>> = {
  'a file in the place of its directory': (folder) => fs.writeFileSync(folder, ''),
  'a symlink to a directory that others can write to': (folder, target) => {
    fs.mkdirSync(target);
    fs.chmodSync(target, 0o777);
    fs.symlinkSync(target, folder);
  },
  'a symlink that other users could have planted': (folder, target) => {
    fs.mkdirSync(target);
    fs.symlinkSync(target, folder);
    fs.chmodSync(path.dirname(folder), 0o777);
  },
  'a read-only directory': (folder) => fs.mkdirSync(folder, { mode: 0o500 }),
};
for (const [what, plant] of Object.entries(faults)) {
  test(`get: ${what} does not fail it`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const key = await withLog(person);
      const target = path.join(person.home.folder, 'target');
      plant(folderOf(person), target);
      const { stdout, status } = unprivilegedHelper(person.home, 'get', 'us.icr.io', person.env);
      assert.equal([stdout, status], [answer('us.icr.io', 'iamapikey', key), 0]);
      if (fs.existsSync(target)) assert.equal(fs.readdirSync(target), []);
    }));
}

test.run();
