import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Accounts } from '../sandbox/accounts.ts';
import { writeConfig, writeIdentity } from '../support/home.ts';
import { unsignedJwt } from '../support/jwt.ts';
import {
  apiKey,
  type Spoiled as Case,
  doctorSuite,
  expectMended,
  findingIn,
  type Machine,
  newApiKey,
  onMachine,
  withSettings,
  writeDockerFile,
  writeProgram,
} from './doctor-world.ts';

const test = doctorSuite('doctor: settings, identities, secrets');

const day = 24 * 60 * 60_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

/** A store other than files, with no secret left in files. */
function withStore(store: string) {
  return (machine: Machine) => {
    fs.rmSync(path.join(machine.home.config, 'identities'), { recursive: true });
    withSettings({ store })(machine);
  };
}

function withSettingsText(text: string) {
  return ({ home }: Machine) => void writeConfig(home, 'config.json', text);
}

function withKey(options: Parameters<Accounts['addApiKey']>[0]) {
  return ({ home, sandbox }: Machine) => {
    writeIdentity(home, sandbox.accounts.addApiKey(options).value);
  };
}

/** An identity of another kind, which is used for every host. */
function withKind(identity: object, secret: string) {
  return (machine: Machine) => {
    withSettings({ identities: { work: { secretSetAt: 0, ...identity } } })(machine);
    const credential = { ServerURL: 'work', Username: 'iamapikey', Secret: secret };
    writeConfig(machine.home, 'identities/work.json', JSON.stringify(credential));
  };
}

const work = { kind: 'api-key', secretSetAt: 0 };

const cases: readonly Case[] = [
  ['not JSON', withSettingsText('{'), 'settings', 'fail', /the settings in \S+ are damaged$/],
  ['not settings', withSettingsText('{"mappings": []}'), 'settings', 'fail', /are damaged$/],
  [
    'a folder in place of the settings',
    ({ home }) => {
      fs.rmSync(path.join(home.config, 'config.json'));
      fs.mkdirSync(path.join(home.config, 'config.json'), { mode: 0o700 });
    },
    'settings',
    'fail',
    /config\.json is a directory, not a regular file$/,
  ],
  [
    'a mapping to nobody',
    withSettings({ mappings: { '*': { identity: 'work' }, 'us.icr.io/ns': { identity: 'gone' } } }),
    'settings',
    'fail',
    /^us\.icr\.io\/ns is mapped to identity gone, which does not exist$/,
  ],
  [
    'every host mapped to nobody',
    withSettings({ mappings: { '*': { identity: 'gone' } } }),
    'settings',
    'fail',
    /^every host is mapped to identity gone/,
  ],
  [
    'a mapping to nobody, and two who could be meant',
    withSettings({
      identities: { work, other: work },
      mappings: { '*': { identity: 'work' }, 'us.icr.io': { identity: 'gone' } },
    }),
    'settings',
    'fail',
    /^us\.icr\.io is mapped to identity gone/,
  ],
  [
    'a user name that cannot be',
    withSettings({ mappings: { '*': { identity: 'work', present: 'cp' } } }),
    'settings',
    'fail',
    /^every host: identity work cannot be presented as cp/,
  ],
  [
    'nobody logged in',
    ({ home }) => fs.rmSync(home.config, { recursive: true }),
    'hosts',
    'fail',
    /^none is answered: nobody has logged in$/,
  ],
  [
    'a host signed out, with an identity for it',
    ({ home }) => void writeConfig(home, 'signed-out/us.icr.io', ''),
    'hosts',
    'warn',
    /^us\.icr\.io is signed out/,
  ],
  [
    'a host signed out, and nobody to answer for it',
    ({ home }) => {
      writeIdentity(home, apiKey, { 'de.icr.io': { identity: 'work' } });
      writeConfig(home, 'signed-out/us.icr.io', '');
    },
    'hosts',
    'warn',
    /^us\.icr\.io is signed out/,
  ],
  [
    'a damaged credential of an IBM host',
    ({ home }) => void writeConfig(home, 'hosts/us.icr.io.json', '{"canary'),
    'hosts',
    'fail',
    /^the stored secret of us\.icr\.io is damaged/,
  ],
  [
    'one that was set aside',
    ({ home }) => void writeConfig(home, 'hosts/us.icr.io.json.damaged', '{"canary'),
    'hosts',
    'fail',
    /^the stored secret of us\.icr\.io is damaged \(\S+\.damaged\)/,
  ],
  [
    'a damaged secret',
    ({ home }) => void writeConfig(home, 'identities/work.json', '{"canary'),
    'identity work',
    'fail',
    /^the stored secret of work is damaged/,
  ],
  [
    'a damaged secret that was set aside',
    ({ home }) => {
      const file = path.join(home.config, 'identities/work.json');
      fs.renameSync(file, `${file}.damaged`);
    },
    'identity work',
    'fail',
    /^the stored secret of work is damaged \(\S+\.damaged\)$/,
  ],
  [
    'a secret that is gone',
    ({ home }) => fs.rmSync(path.join(home.config, 'identities/work.json')),
    'identity work',
    'fail',
    /^its secret is gone$/,
  ],
  [
    'a secret that is a folder',
    ({ home }) => {
      fs.rmSync(path.join(home.config, 'identities/work.json'));
      fs.mkdirSync(path.join(home.config, 'identities/work.json'), { mode: 0o700 });
    },
    'identity work',
    'fail',
    /work\.json is a directory, not a regular file$/,
  ],
  [
    'an API key that IAM does not know',
    ({ home }) => writeIdentity(home, 'canary-unknown'),
    'identity work',
    'fail',
    /^IAM refused the API key \(BXNIM0415E: Provided API key could not be found\.\)$/,
  ],
  [
    'an API key that is disabled',
    withKey({ value: 'canary-switched-off', disabled: true }),
    'identity work',
    'fail',
    /^IAM refused the API key \(BXNIM0462E: Provided API key is disabled\.\)$/,
  ],
  [
    'an API key that has ended',
    withKey({ value: 'canary-past-key', expiresAt: inDays(-1) }),
    'identity work',
    'fail',
    /^IAM refused the API key/,
  ],
  [
    'an API key that ends within a week',
    withKey({ value: 'canary-ending', expiresAt: inDays(6.5) }),
    'identity work',
    'warn',
    /^IAM accepts its API key; ends in 6 days \(20\d\d-\d\d-\d\d\)$/,
  ],
  [
    'a wide mode of a secret',
    ({ home }) => fs.chmodSync(path.join(home.config, 'identities/work.json'), 0o644),
    'files',
    'fail',
    /^others can reach \S+work\.json \(mode 0644\)$/,
  ],
  [
    'wide modes of everything',
    ({ home }) => {
      fs.chmodSync(home.config, 0o755);
      fs.chmodSync(path.join(home.config, 'config.json'), 0o640);
      fs.mkdirSync(path.join(home.folder, '.cache/docker-credential-icr'), { recursive: true });
    },
    'files',
    'fail',
    /^others can reach \S+docker-credential-icr \(mode 0755\), and 2 more$/,
  ],
  [
    'modes that keep a login out',
    ({ home }) => {
      fs.chmodSync(path.join(home.config, 'identities/work.json'), 0o400);
      fs.chmodSync(path.join(home.config, 'identities'), 0o500);
    },
    'files',
    'warn',
    /^you cannot change \S+identities \(mode 0500\), and 1 more$/,
  ],
  [
    'what a killed program left',
    ({ home }) => {
      const file = writeConfig(home, 'identities/.01234567-12-abc-1-def.tmp', 'canary');
      fs.utimesSync(file, 0, 0);
    },
    'files',
    'warn',
    /^left by a program that was killed: \S+\/\.01234567-12-abc-1-def\.tmp$/,
  ],
  [
    'what a killed program left behind a symlink in place of the directory',
    ({ home }) => {
      const file = writeConfig(home, 'identities/.01234567-12-abc-1-def.tmp', 'canary');
      fs.utimesSync(file, 0, 0);
      const directory = home.config;
      fs.renameSync(directory, path.join(home.folder, 'dotfiles'));
      fs.symlinkSync(path.join(home.folder, 'dotfiles'), directory);
    },
    'files',
    'warn',
    /^left by a program that was killed: \S+\/\.01234567-12-abc-1-def\.tmp$/,
  ],
  [
    'what a killed program left behind a symlink in place of identities',
    ({ home }) => {
      const file = writeConfig(home, 'identities/.01234567-12-abc-1-def.tmp', 'canary');
      fs.utimesSync(file, 0, 0);
      const directory = path.join(home.config, 'identities');
      fs.renameSync(directory, path.join(home.folder, 'dotfiles'));
      fs.symlinkSync(path.join(home.folder, 'dotfiles'), directory);
    },
    'files',
    'warn',
    /^left by a program that was killed: \S+\/\.01234567-12-abc-1-def\.tmp$/,
  ],
  [
    'what a killed command left of the settings',
    ({ home }) => fs.utimesSync(writeConfig(home, 'config.json.tmp-1762345678abcdef', '{'), 0, 0),
    'files',
    'warn',
    /^left by a program that was killed: \S+config\.json\.tmp-1762345678abcdef$/,
  ],
  [
    'what a damaged secret left',
    ({ home }) => void writeConfig(home, 'identities/work.json.damaged', 'canary'),
    'files',
    'warn',
    /^left from a damaged secret that was replaced: \S+work\.json\.damaged$/,
  ],
  [
    'a secret without an identity',
    ({ home }) => void writeConfig(home, 'identities/old%2Fone.json', 'canary'),
    'secret store',
    'warn',
    /^files of secrets that nothing reads: old\/one$/,
  ],
  [
    'a store that is not there',
    withStore('gone'),
    'secret store',
    'fail',
    /^no docker-credential-gone is on PATH; install or unlock it, or else begin anew$/,
  ],
  [
    'a store that is locked',
    (machine) => {
      writeProgram(machine, 'docker-credential-stub', 'kill -STOP $$');
      withStore('stub')(machine);
    },
    'secret store',
    'fail',
    /^docker-credential-stub list gave no answer within 2 s; install or unlock it/,
  ],
  [
    'a store that fails',
    (machine) => {
      writeProgram(machine, 'docker-credential-stub', 'echo no key; exit 1');
      withStore('stub')(machine);
    },
    'secret store',
    'fail',
    /^docker-credential-stub list fails \(no key\)/,
  ],
  [
    "another registries' helper that is not there",
    (machine) => {
      withSettings({ fallbackHelper: 'gone' })(machine);
      writeDockerFile(machine.dockerFile, { credsStore: 'icr' });
    },
    'credsStore',
    'fail',
    /^no docker-credential-gone is on PATH, but it is to answer for registries/,
  ],
];

for (const [what, spoil, check, state, message] of cases) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      spoil(machine);
      // The settings are lost, but the secret still exists.
      const leaves = check === 'settings' ? /files of secrets that nothing reads: work$/ : /(?!)/;
      await expectMended(machine, { check, state, message }, { leaves });
    }),
  );
}

test('an API key that may not act as its profile, but another may', (given) =>
  onMachine(given, async (machine) => {
    const { accounts } = machine.sandbox;
    const owner = accounts.apiKey(newApiKey)?.iamId ?? '';
    const { sub: profile } = accounts.addTrustedProfile({ assumableBy: [owner] });
    withKind({ kind: 'api-key', profile }, apiKey)(machine);
    const message = /^IAM refused the API key as trusted profile Profile-\S+ \(BXNIM/;
    await expectMended(machine, { check: 'identity work', state: 'fail', message });
  }));

test('an identity that another machine vouched for', (given) =>
  onMachine(given, async (machine) => {
    const profile = 'Profile-00000000-0000-4000-8000-000000000000';
    withSettings({ identities: { work: { kind: 'trusted-profile', secretSetAt: 0, profile } } })(
      machine,
    );
    machine.env.DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS = 'http://127.0.0.1:1';
    const message = /^cannot reach the metadata service at 127\.0\.0\.1:1/;
    await expectMended(machine, { check: 'identity work', state: 'fail', message });
  }));

test('a registry token that has ended', (given) =>
  onMachine(given, async (machine) => {
    withKind({ kind: 'registry-token' }, unsignedJwt({ exp: 1_700_000_000 }))(machine);
    const { accounts } = machine.sandbox;
    const { iamId: owner, accountId } = accounts.addUser();
    const { token: input } = await accounts.addRegistryToken({ owner, accountId });
    const message = /^it ended on 2023-11-14$/;
    await expectMended(machine, { check: 'identity work', state: 'fail', message }, { input });
  }));

test('a session that was not used for days', (given) =>
  onMachine(given, async (machine) => {
    withKind({ kind: 'refresh-token' }, 'canary')(machine);
    const old = new Date(Date.now() - 4 * day);
    fs.utimesSync(path.join(machine.home.config, 'identities/work.json'), old, old);
    const { accounts } = machine.sandbox;
    const { value: input } = accounts.addRefreshToken({ owner: accounts.addUser().iamId });
    await expectMended(
      machine,
      { check: 'identity work', state: 'fail', message: /^it ended on 20/ },
      { input, instead: ['--sso', '--refresh-token-stdin'] },
    );
  }));

const remarks: readonly Case[] = [
  [
    'an API key that is locked',
    withKey({ value: 'canary-locked', locked: true }),
    'identity work',
    'ok',
    /^IAM accepts its API key, locked against change$/,
  ],
  [
    'an API key that ends later',
    withKey({ value: 'canary-later', expiresAt: inDays(8.5) }),
    'identity work',
    'ok',
    /^IAM accepts its API key; ends in 8 days/,
  ],
  [
    'a session',
    withKind({ kind: 'refresh-token' }, 'canary'),
    'identity work',
    'ok',
    /^not tried, since IAM takes a refresh token once/,
  ],
  [
    'an entitlement key',
    withKind({ kind: 'entitlement-key' }, 'canary'),
    'identity work',
    'ok',
    /^only its registry knows it/,
  ],
  [
    'whose it is',
    withSettings({ identities: { work: { ...work, owner: 'user jane@example.com' } } }),
    'identity work',
    'ok',
    /^IAM accepts its API key \(user jane@example\.com\)$/,
  ],
];

for (const [what, make, check, state, message] of remarks) {
  test(`a remark: ${what}`, (given) =>
    onMachine(given, async (machine) => {
      make(machine);
      const { checks } = await machine.doctor();
      const said = checks.filter(({ name }) => name === check);
      assert.is(said.length, 1);
      assert.match(String(said[0]?.message), message);
      assert.is(said[0]?.state, state);
    }));
}

test('a refresh token is not used up', (given) =>
  onMachine(given, async (machine) => {
    const { accounts, requests } = machine.sandbox;
    const { value } = accounts.addRefreshToken({ owner: accounts.addUser().iamId });
    withKind({ kind: 'refresh-token', present: 'iambearer' }, value)(machine);
    const report = await machine.doctor('--registry', 'us.icr.io');
    const message = /^not tried: it would use up the refresh token$/;
    assert.ok(findingIn(report, { check: 'registry us.icr.io', state: 'skip', message }));
    assert.is(requests.count({ grant: 'refresh_token' }), 0);
  }));

test('settings that cannot be read are said once', (given) =>
  onMachine(given, async (machine) => {
    withSettingsText('{')(machine);
    const { checks } = await machine.doctor();
    assert.equal(
      checks.filter(({ message }) => /settings.*damaged/.test(message)).map(({ name }) => name),
      ['settings'],
    );
  }));

test('a rotation that was interrupted', (given) =>
  onMachine(given, async (machine) => {
    const pending = { ServerURL: 'work', Username: 'ApiKey-gone', Secret: 'canary-pending' };
    writeConfig(machine.home, 'identities/work%20(rotating).json', JSON.stringify(pending));
    const message = /^an api-key rotate was interrupted/;
    await expectMended(machine, { check: 'identity work', state: 'warn', message });
  }));

test('files of another user', (given) =>
  onMachine(given, async (machine) => {
    if (process.getuid?.() !== 0) return;
    fs.chownSync(path.join(machine.home.config, 'identities/work.json'), 12_345, 12_345);
    const message = /work\.json belongs to user 12345, not to you \(0\)$/;
    const leaves = /^identity work: IAM refused the API key/;
    await expectMended(machine, { check: 'files', state: 'fail', message }, { leaves });
  }));

test.run();
