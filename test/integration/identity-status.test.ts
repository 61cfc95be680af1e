import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { publicHosts } from '../../src/registry/regions.ts';
import { fileOf } from '../../src/secrets/credential-file.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { credential } from '../support/helper.ts';
import { unsignedJwt } from '../support/jwt.ts';
import { addIdentity, changeSettings, inCloud, newKey } from './identity-cloud.ts';

const test = sandboxSuite('status');

const hour = 3_600_000;

test('prints one line per host with its source or its error', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say, call, home } = person;
    addIdentity(person, 'work', { expiresAt: Date.now() + 23.5 * hour });
    addIdentity(person, 'past', { kind: 'registry-token', expiresAt: Date.now() - hour });
    addIdentity(person, 'gone');
    fs.rmSync(path.join(home.config, 'identities', 'gone.json'));
    await say('store', credential('quay.io', 'robot', newKey()));
    await say('map us.icr.io work --present iambearer');
    await say('map de.icr.io past');
    await say('map jp.icr.io gone');
    await say('map ca.icr.io work');
    await say('erase', 'ca.icr.io');
    changeSettings(home, (settings) => ({ ...settings, ibmcloudSession: true }));
    const { stdout, stderr, status } = await call('status');
    assert.equal(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
      [
        ['HOST', 'STATE', 'IDENTITY', 'USER NAME', 'STORED IN', 'EXPIRES IN', 'CACHED TOKEN'],
        ['ca.icr.io', 'signed out', '-', '-', '-', '-', '-'],
        ['de.icr.io', 'ok', 'past', 'token', 'file store', 'expired', '-'],
        ['jp.icr.io', 'error', '-', '-', '-', '-', '-'],
        ['quay.io', 'ok', '-', 'robot', 'file (docker login)', '-', '-'],
        ['us.icr.io', 'ok', 'work', 'iambearer', 'file store', '23 h', 'none'],
        ["other hosts: the ibmcloud CLI's session"],
      ],
    );
    const problem = 'the secret of identity gone is missing';
    const hint = 'run docker-credential-icr login --identity gone';
    const [first, ...warnings] = stderr.split(/^docker-credential-icr: /m).slice(1);
    assert.equal([first, status], [`${problem}\nhint: ${hint}\n`, 1]);
    assert.match(warnings[0] ?? '', /^the API key of identity work expires in 23 h \(\S+\)\n/);
    assert.match(warnings[1] ?? '', /^the registry token of identity past expired on \S+\nhint: /);
    assert.is(warnings.length, 2);

    const json = JSON.parse((await call('status --json')).stdout);
    assert.equal(
      json.hosts.map(({ host, state }: Record<string, string>) => [host, state]),
      [
        ['ca.icr.io', 'signed-out'],
        ['de.icr.io', 'answered'],
        ['jp.icr.io', 'failing'],
        ['quay.io', 'answered'],
        ['us.icr.io', 'answered'],
      ],
    );
    assert.is(json.hosts[2].problem, problem);
    assert.is(json.hosts[2].hint, hint);
    assert.equal(Object.keys(json.identities), ['work', 'past', 'gone']);
    const { secretSetAt, expiresAt } = json.identities.work;
    for (const time of [secretSetAt, expiresAt]) assert.is(new Date(time).toISOString(), time);
    assert.equal(json.sources, { ibmcloudSession: true, computeProfile: false });
    assert.is(sandbox.requests.count(), 0, 'no request is sent');
  }));

test('omits an expiry that is not a valid date', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'odd', { secretSetAt: 1e17 });
    const { identities } = JSON.parse(await person.say('status --json'));
    assert.equal(Object.keys(identities.odd).sort(), ['kind']);
  }));

test('reports an error of all hosts once', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const { stdout, stderr, status } = await call('status', '', { IC_API_KEY: '@/missing' });
    const line = 'cannot read /missing, the file in IC_API_KEY (ENOENT)\nhint: check IC_API_KEY';
    assert.equal([stderr, status], [`docker-credential-icr: ${line}\n`, 1]);
    assert.is(stdout.match(/ error /g)?.length, publicHosts.length);
  }));

test('lists a host if only one namespace is mapped', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map fr2.icr.io/team-a work');
    assert.match(await person.say('configure --dry-run'), '"fr2.icr.io": "icr"');
  }));

test('without any credential', ({ sandbox }) =>
  inCloud(sandbox, async ({ say }) => {
    assert.is(await say('status'), 'no host has a credential; run docker-credential-icr login\n');
    assert.equal(JSON.parse(await say('status --json')), {
      hosts: [],
      identities: {},
      helpers: [],
      pendingKeys: [],
      warnings: [],
      sources: { ibmcloudSession: false, computeProfile: false },
    });
  }));

test('warns of credentials that expire within 14 days, or have expired', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const day = 24 * hour;
    const at = (days: number) => Date.now() + days * day;
    addIdentity(person, 'soon', { expiresAt: at(13.5) });
    addIdentity(person, 'later', { expiresAt: at(14.5) });
    addIdentity(person, 'gone', { expiresAt: at(-10) });
    addIdentity(person, 'deleted', { expiresAt: at(-100) });
    addIdentity(person, 'fresh', { kind: 'refresh-token' });
    addIdentity(person, 'unused', { kind: 'refresh-token' });
    addIdentity(person, 'daily', {
      kind: 'registry-token',
      secretSetAt: Date.now(),
      expiresAt: at(1),
    });
    const file = fileOf(person.home.config, { of: 'identity', name: 'unused' });
    fs.utimesSync(file, at(-2.5) / 1000, at(-2.5) / 1000);
    const token = { exp: Math.round(at(3.5) / 1000) };
    await person.say('store', credential('jp.icr.io', 'token', unsignedJwt(token)));
    await person.say('map us.icr.io soon');
    await person.say('map de.icr.io unused');

    const { stdout, stderr, status } = await person.call('status');
    assert.is(status, 0);
    const days = / \(20\d\d-\d\d-\d\d\)/g;
    assert.equal(
      stderr
        .replaceAll(days, '')
        .replaceAll(/20\d\d-\d\d-\d\d/g, 'DATE')
        .split('\n'),
      [
        'docker-credential-icr: the API key of identity soon expires in 13 days',
        'hint: run docker-credential-icr api-key rotate soon --expires-in 90d',
        'docker-credential-icr: the API key of identity gone expired on DATE; IBM deletes it on DATE',
        'hint: run docker-credential-icr login --identity gone',
        'docker-credential-icr: the API key of identity deleted expired on DATE; IBM deletes it 90 days after its last change',
        'hint: run docker-credential-icr login --identity deleted',
        'docker-credential-icr: the refresh token of identity unused expires in 11 h unless it is used',
        'hint: run docker-credential-icr login --identity unused --sso',
        'docker-credential-icr: the registry token for jp.icr.io expires in 3 days',
        'hint: run docker-credential-icr login jp.icr.io',
        '',
      ],
    );
    assert.match(stdout, /^de\.icr\.io .* 11 h$/m);
    assert.match(stdout, /^jp\.icr\.io .* 3 days$/m);
    assert.match((await person.call('status us.icr.io')).stderr, /^.*soon.*\n.*rotate soon.*\n$/);
    const { warnings, hosts } = JSON.parse((await person.call('status --json')).stdout);
    assert.equal(
      warnings.map(({ identity }: Record<string, string>) => identity),
      ['soon', 'gone', 'deleted', 'unused', undefined],
    );
    assert.ok(hosts.every(({ endsAt }: Record<string, string>) => Date.parse(endsAt ?? '') > 0));
    assert.is(sandbox.requests.count(), 0, 'no request is sent');
  }));

test('lists identities without hosts', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'ci');
    assert.is(
      await person.say('status'),
      'no host has a credential; run docker-credential-icr map "*" ci\nidentities without a host: ci\n',
    );
  }));

test('with hosts: only these, and the exit status is 1 if one is not logged in', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { call, say } = person;
    addIdentity(person, 'work');
    await say('map us.icr.io work');
    await say('map de.icr.io/team work');
    await say('store', credential('quay.io', 'robot', newKey()));
    await say('erase', 'jp.icr.io');
    const hostsIn = async (words: string) =>
      JSON.parse((await call(`status --json ${words}`)).stdout).hosts.map(
        ({ host, state }: { host: string; state: string }) => `${host} ${state}`,
      );
    assert.equal(await hostsIn('us.icr.io'), ['us.icr.io answered']);
    assert.equal(await hostsIn('https://us.icr.io/'), ['us.icr.io answered']);
    assert.equal(await hostsIn('us.icr.io/team'), ['us.icr.io/team answered']);
    assert.equal(await hostsIn('de.icr.io/team quay.io'), [
      'de.icr.io/team answered',
      'quay.io answered',
    ]);
    assert.equal(await hostsIn('jp.icr.io'), ['jp.icr.io signed-out']);
    const { stdout, stderr, status } = await call('status us.icr.io ca.icr.io');
    assert.is(stdout.split('\n').length, 3, stdout);
    assert.is(
      stderr,
      'docker-credential-icr: ca.icr.io: not logged in\nhint: run docker-credential-icr login ca.icr.io\n',
    );
    assert.is(status, 1);
  }));

test('lists API keys that interrupted commands may have created', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { say, call, home } = person;
    for (const name of ['ci', 'odd']) addIdentity(person, name);
    const record = (identity: string, text: string) => {
      const file = fileOf(home.config, { of: 'identity', name: `${identity} (rotating)` });
      fs.writeFileSync(file, text, { mode: 0o600 });
    };
    const secret = newKey();
    record('ci', JSON.stringify({ ServerURL: 'ApiKey-2', Username: 'ApiKey-1', Secret: secret }));
    record('gone', JSON.stringify({ ServerURL: 'gone', Username: '(none)', Secret: secret }));
    record('odd', '{');
    const rotate = 'run docker-credential-icr api-key rotate';
    const aside = path.join(home.config, 'identities', 'odd%20(rotating).json.damaged');
    const problem = `the stored credential of odd (rotating) is damaged (${aside})`;
    const logout = 'run docker-credential-icr logout --identity gone';
    const json = (await call('status --json')).stdout;
    assert.equal(JSON.parse(json).pendingKeys, [
      { identity: 'ci', id: 'ApiKey-2', replaces: 'ApiKey-1', hint: `${rotate} ci` },
      { identity: 'gone', hint: logout },
      { identity: 'odd', problem, hint: `${rotate} odd` },
    ]);
    const { stdout, stderr, status } = await call('status');
    assert.is(
      stdout.slice(stdout.indexOf('pending')),
      `pending: API key ApiKey-2 of identity ci may be active in IAM
  ${rotate} ci
pending: an API key of identity gone may be active in IAM
  ${logout}
pending: an API key of identity odd may be active in IAM (${problem})
  ${rotate} odd
`,
    );
    assert.equal([stderr, status], ['', 0]);
    assert.not.match(json + stdout, secret);
    await say('map us.icr.io ci');
    assert.not.match(await say('status us.icr.io'), 'pending');
  }));

test('pending API keys are unknown if the store cannot be read', ({ sandbox }) =>
  inCloud(sandbox, async ({ call, home }) => {
    changeSettings(home, (settings) => ({ ...settings, store: 'nowhere' }));
    const json = await call('status --json');
    assert.is(JSON.parse(json.stdout).pendingKeys, undefined);
    const { stderr } = await call('status');
    assert.match(stderr, 'docker-credential-nowhere');
  }));

test.run();
