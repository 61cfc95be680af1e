import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Accounts } from '../sandbox/accounts.ts';
import { writeConfig, writeIdentity } from '../support/home.ts';
import { unsignedJwt } from '../support/jwt.ts';
import {
  apiKey,
  type ProblemRow as Case,
  doctorSuite,
  expectFixed,
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

/** Uses another store, without secrets in files. */
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

/** Maps all hosts to an identity of another kind. */
function withKind(identity: object, secret: string) {
  return (machine: Machine) => {
    withSettings({ identities: { work: { since: 0, ...identity } } })(machine);
    const credential = { ServerURL: 'work', Username: 'iamapikey', Secret: secret };
    writeConfig(machine.home, 'identities/work.json', JSON.stringify(credential));
  };
}

/** A registry token that expires in that many days, as the only credential. */
function withDockerLogin(days: number) {
  return (machine: Machine) => {
    withSettings({ identities: {}, mappings: {} })(machine);
    const exp = Math.round((Date.now() + days * day) / 1000);
    const login = { ServerURL: 'us.icr.io', Username: 'token', Secret: unsignedJwt({ exp }) };
    writeConfig(machine.home, 'hosts/us.icr.io.json', JSON.stringify(login));
  };
}

const work = { kind: 'api-key', since: 0 };

const cases: readonly Case[] = [
  ['not JSON', withSettingsText('{'), 'settings', 'error', /the settings in \S+ are damaged$/],
  ['not settings', withSettingsText('{"mappings": []}'), 'settings', 'error', /are damaged$/],
  [
    'a directory instead of the settings file',
    ({ home }) => {
      fs.rmSync(path.join(home.config, 'config.json'));
      fs.mkdirSync(path.join(home.config, 'config.json'), { mode: 0o700 });
    },
    'settings',
    'error',
    /config\.json is a directory, not a regular file$/,
  ],
  [
    'a mapping to an identity that does not exist',
    withSettings({ mappings: { '*': { identity: 'work' }, 'us.icr.io/ns': { identity: 'gone' } } }),
    'settings',
    'error',
    /^the mapping of us\.icr\.io\/ns names identity gone, which does not exist$/,
  ],
  [
    'all hosts mapped to an identity that does not exist',
    withSettings({ mappings: { '*': { identity: 'gone' } } }),
    'settings',
    'error',
    /^the mapping of all ICR hosts names identity gone/,
  ],
  [
    'a mapping to an identity that does not exist, with two candidates',
    withSettings({
      identities: { work, other: work },
      mappings: { '*': { identity: 'work' }, 'us.icr.io': { identity: 'gone' } },
    }),
    'settings',
    'error',
    /^the mapping of us\.icr\.io names identity gone/,
  ],
  [
    'an invalid user name',
    withSettings({ mappings: { '*': { identity: 'work', present: 'cp' } } }),
    'settings',
    'error',
    /^all ICR hosts: identity work cannot be presented as cp/,
  ],
  [
    'not logged in',
    ({ home }) => fs.rmSync(home.config, { recursive: true }),
    'hosts',
    'error',
    /^not logged in$/,
  ],
  [
    'a signed-out host with a mapping',
    ({ home }) => void writeConfig(home, 'signed-out/us.icr.io', ''),
    'hosts',
    'warning',
    /^us\.icr\.io is signed out/,
  ],
  [
    'a signed-out host without another credential',
    ({ home }) => {
      writeIdentity(home, apiKey, { 'de.icr.io': { identity: 'work' } });
      writeConfig(home, 'signed-out/us.icr.io', '');
    },
    'hosts',
    'warning',
    /^us\.icr\.io is signed out/,
  ],
  [
    'a damaged credential of an IBM host',
    ({ home }) => void writeConfig(home, 'hosts/us.icr.io.json', '{"canary'),
    'hosts',
    'error',
    /^the stored credential of us\.icr\.io is damaged/,
  ],
  [
    'a damaged credential that was renamed',
    ({ home }) => void writeConfig(home, 'hosts/us.icr.io.json.damaged', '{"canary'),
    'hosts',
    'error',
    /^the stored credential of us\.icr\.io is damaged \(\S+\.damaged\)/,
  ],
  [
    'a damaged secret',
    ({ home }) => void writeConfig(home, 'identities/work.json', '{"canary'),
    'identity work',
    'error',
    /^the stored credential of work is damaged/,
  ],
  [
    'a damaged secret that was renamed',
    ({ home }) => {
      const file = path.join(home.config, 'identities/work.json');
      fs.renameSync(file, `${file}.damaged`);
    },
    'identity work',
    'error',
    /^the stored credential of work is damaged \(\S+\.damaged\)$/,
  ],
  [
    'a missing secret',
    ({ home }) => fs.rmSync(path.join(home.config, 'identities/work.json')),
    'identity work',
    'error',
    /^its secret does not exist$/,
  ],
  [
    'a directory instead of a secret',
    ({ home }) => {
      fs.rmSync(path.join(home.config, 'identities/work.json'));
      fs.mkdirSync(path.join(home.config, 'identities/work.json'), { mode: 0o700 });
    },
    'identity work',
    'error',
    /work\.json is a directory, not a regular file$/,
  ],
  [
    'an unknown API key',
    ({ home }) => writeIdentity(home, 'canary-unknown'),
    'identity work',
    'error',
    /^IAM refused the API key \(BXNIM0415E: Provided API key could not be found\.\)$/,
  ],
  [
    'a disabled API key',
    withKey({ value: 'canary-off', disabled: true }),
    'identity work',
    'error',
    /^IAM refused the API key \(BXNIM0462E: Provided API key is disabled\.\)$/,
  ],
  [
    'an expired API key',
    withKey({ value: 'canary-ended', expiresAt: inDays(-1) }),
    'identity work',
    'error',
    /^IAM refused the API key/,
  ],
  [
    'an expired API key, if its expiry is known',
    (machine) => {
      withKey({ value: 'canary-ended-2', expiresAt: inDays(-5) })(machine);
      withSettings({ identities: { work: { ...work, expiresAt: Date.now() - 5 * day } } })(machine);
    },
    'identity work',
    'error',
    /^expired on 20\d\d-\d\d-\d\d; IBM deletes it on 20\d\d-\d\d-\d\d$/,
  ],
  [
    'an API key that expires within two weeks',
    withKey({ value: 'canary-ending', expiresAt: inDays(13.5) }),
    'identity work',
    'warning',
    /^IAM accepts its API key; expires in 13 days \(20\d\d-\d\d-\d\d\)$/,
  ],
  [
    'an expired registry token of docker login',
    withDockerLogin(-5.5),
    'hosts',
    'error',
    /^the registry token for us\.icr\.io expired on 20\d\d-\d\d-\d\d$/,
  ],
  [
    'a registry token of docker login that expires within two weeks',
    withDockerLogin(5.5),
    'hosts',
    'warning',
    /^the registry token for us\.icr\.io expires in 5 days \(20\d\d-\d\d-\d\d\)$/,
  ],
  [
    'a secret that other users can read',
    ({ home }) => fs.chmodSync(path.join(home.config, 'identities/work.json'), 0o644),
    'files',
    'error',
    /^other users can access \S+work\.json \(mode 0644\)$/,
  ],
  [
    'files and directories that other users can read',
    ({ home }) => {
      fs.chmodSync(home.config, 0o755);
      fs.chmodSync(path.join(home.config, 'config.json'), 0o640);
      fs.mkdirSync(path.join(home.folder, '.cache/docker-credential-icr'), { recursive: true });
    },
    'files',
    'error',
    /^other users can access \S+docker-credential-icr \(mode 0755\), and 2 more$/,
  ],
  [
    'directories that are not writable',
    ({ home }) => {
      fs.chmodSync(path.join(home.config, 'identities/work.json'), 0o400);
      fs.chmodSync(path.join(home.config, 'identities'), 0o500);
    },
    'files',
    'warning',
    /^you cannot change \S+identities \(mode 0500\), and 1 more$/,
  ],
  [
    'a temporary file of a killed program',
    ({ home }) => {
      const file = writeConfig(home, 'identities/.01234567-12-abc-1-def.tmp', 'canary');
      fs.utimesSync(file, 0, 0);
    },
    'files',
    'warning',
    /^left behind by a killed process: \S+\/\.01234567-12-abc-1-def\.tmp$/,
  ],
  [
    'a temporary file of a killed program, if the directory is a symlink',
    ({ home }) => {
      const file = writeConfig(home, 'identities/.01234567-12-abc-1-def.tmp', 'canary');
      fs.utimesSync(file, 0, 0);
      const directory = home.config;
      fs.renameSync(directory, path.join(home.folder, 'dotfiles'));
      fs.symlinkSync(path.join(home.folder, 'dotfiles'), directory);
    },
    'files',
    'warning',
    /^left behind by a killed process: \S+\/\.01234567-12-abc-1-def\.tmp$/,
  ],
  [
    'a temporary file of a killed program, if identities/ is a symlink',
    ({ home }) => {
      const file = writeConfig(home, 'identities/.01234567-12-abc-1-def.tmp', 'canary');
      fs.utimesSync(file, 0, 0);
      const directory = path.join(home.config, 'identities');
      fs.renameSync(directory, path.join(home.folder, 'dotfiles'));
      fs.symlinkSync(path.join(home.folder, 'dotfiles'), directory);
    },
    'files',
    'warning',
    /^left behind by a killed process: \S+\/\.01234567-12-abc-1-def\.tmp$/,
  ],
  [
    'a temporary settings file of a killed command',
    ({ home }) => fs.utimesSync(writeConfig(home, 'config.json.tmp-1762345678abcdef', '{'), 0, 0),
    'files',
    'warning',
    /^left behind by a killed process: \S+config\.json\.tmp-1762345678abcdef$/,
  ],
  [
    'a renamed damaged secret',
    ({ home }) => void writeConfig(home, 'identities/work.json.damaged', 'canary'),
    'files',
    'warning',
    /^left from a damaged secret that was replaced: \S+work\.json\.damaged$/,
  ],
  [
    'a secret without an identity',
    ({ home }) => void writeConfig(home, 'identities/old%2Fone.json', 'canary'),
    'secret store',
    'warning',
    /^files of unused secrets: old\/one$/,
  ],
  [
    'a store whose helper does not exist',
    withStore('gone'),
    'secret store',
    'error',
    /^docker-credential-gone is not on PATH$/,
  ],
  [
    'a locked store',
    (machine) => {
      writeProgram(machine, 'docker-credential-stub', 'kill -STOP $$');
      withStore('stub')(machine);
    },
    'secret store',
    'error',
    /^docker-credential-stub list did not answer within 2 s$/,
  ],
  [
    'a store that fails',
    (machine) => {
      writeProgram(machine, 'docker-credential-stub', 'echo no key; exit 1');
      withStore('stub')(machine);
    },
    'secret store',
    'error',
    /^docker-credential-stub list failed \(no key\)/,
  ],
  [
    "another registries' helper that is not there",
    (machine) => {
      withSettings({ others: 'gone' })(machine);
      writeDockerFile(machine.dockerFile, { credsStore: 'icr' });
    },
    'credsStore',
    'error',
    /^docker-credential-gone is not on PATH; it is the helper for other registries$/,
  ],
];

const byHand: Readonly<Record<string, string>> = {
  settings: 'mv CONFIG/config.json" CONFIG/config.json.old" && LOGIN',
  'identity work': 'mv CONFIG/identities/work.json" CONFIG/moved" && LOGIN --identity work',
  credsStore:
    'rm "$HOME/.docker/config.json" && docker-credential-icr configure && rm -f CONFIG/x"',
};

for (const [what, create, check, state, message] of cases) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      create(machine);
      // The identity in the damaged settings is lost; its secret still exists.
      const leaves = /files of unused secrets: work$|left from a damaged secret that was replaced/;
      // The action for a hint that requires an edit or an installation.
      const config = `"$HOME/.config/docker-credential-icr`;
      const login = 'docker-credential-icr login';
      const by = byHand[check]?.replaceAll('CONFIG', config).replaceAll('LOGIN', login);
      const isByHand = /damaged\$|directory, not|is the helper for/.test(message.source);
      const options = isByHand && by !== undefined ? { leaves, by } : { leaves };
      await expectFixed(machine, { check, state, message }, options);
    }),
  );
}

test('an API key that cannot assume its trusted profile', (given) =>
  onMachine(given, async (machine) => {
    const { accounts } = machine.sandbox;
    const owner = accounts.apiKey(newApiKey)?.iamId ?? '';
    const { sub: profile } = accounts.addTrustedProfile({ assumableBy: [owner] });
    withKind({ kind: 'api-key', profile }, apiKey)(machine);
    const message = /^IAM refused the API key as trusted profile Profile-\S+ \(BXNIM/;
    await expectFixed(machine, { check: 'identity work', state: 'error', message });
  }));

test('a trusted profile for another machine', (given) =>
  onMachine(given, async (machine) => {
    const profile = 'Profile-00000000-0000-4000-8000-000000000000';
    withSettings({ identities: { work: { kind: 'trusted-profile', since: 0, profile } } })(machine);
    machine.env.DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS = 'http://127.0.0.1:1';
    const message = /^cannot reach the metadata service at 127\.0\.0\.1:1/;
    await expectFixed(machine, { check: 'identity work', state: 'error', message });
  }));

test('an expired registry token', (given) =>
  onMachine(given, async (machine) => {
    withKind({ kind: 'registry-token' }, unsignedJwt({ exp: 1_700_000_000 }))(machine);
    const { accounts } = machine.sandbox;
    const { iamId: owner, accountId } = accounts.addUser();
    const { token: input } = await accounts.addRegistryToken({ owner, accountId });
    const message = /^expired on 2023-11-14$/;
    await expectFixed(machine, { check: 'identity work', state: 'error', message }, { input });
  }));

test('a session that was not used for three days', (given) =>
  onMachine(given, async (machine) => {
    withKind({ kind: 'refresh-token' }, 'canary')(machine);
    const old = new Date(Date.now() - 4 * day);
    fs.utimesSync(path.join(machine.home.config, 'identities/work.json'), old, old);
    const { accounts } = machine.sandbox;
    const { value: input } = accounts.addRefreshToken({ owner: accounts.addUser().iamId });
    await expectFixed(
      machine,
      { check: 'identity work', state: 'error', message: /^expired on 20/ },
      { input, instead: ['--sso', '--refresh-token-stdin'] },
    );
  }));

const remarks: readonly Case[] = [
  [
    'a locked API key',
    withKey({ value: 'canary-locked', locked: true }),
    'identity work',
    'ok',
    /^IAM accepts its API key, which is locked$/,
  ],
  [
    'an API key that expires later',
    withKey({ value: 'canary-later', expiresAt: inDays(14.5) }),
    'identity work',
    'ok',
    /^IAM accepts its API key; expires in 14 days/,
  ],
  [
    'a session',
    withKind({ kind: 'refresh-token' }, 'canary'),
    'identity work',
    'ok',
    /^not verified, because IAM accepts a refresh token only once; .* verifies it; expires in [23] days unless it is used/,
  ],
  [
    'an entitlement key',
    withKind({ kind: 'entitlement-key' }, 'canary'),
    'identity work',
    'ok',
    /^only the registry can verify it/,
  ],
  [
    'the owner',
    withSettings({ identities: { work: { ...work, owner: 'user jane@example.com' } } }),
    'identity work',
    'ok',
    /^IAM accepts its API key \(user jane@example\.com\)$/,
  ],
];

for (const [what, make, check, state, message] of remarks) {
  test(`ok: ${what}`, (given) =>
    onMachine(given, async (machine) => {
      make(machine);
      const { checks } = await machine.doctor();
      const said = checks.filter(({ name }) => name === check);
      assert.is(said.length, 1);
      assert.match(String(said[0]?.message), message);
      assert.is(said[0]?.state, state);
    }));
}

test('does not consume a refresh token', (given) =>
  onMachine(given, async (machine) => {
    const { accounts, requests } = machine.sandbox;
    const { value } = accounts.addRefreshToken({ owner: accounts.addUser().iamId });
    withKind({ kind: 'refresh-token', present: 'iambearer' }, value)(machine);
    const report = await machine.doctor('--registry', 'us.icr.io');
    const message = /^not tried: this would consume the refresh token$/;
    assert.ok(findingIn(report, { check: 'registry us.icr.io', state: 'skipped', message }));
    assert.is(requests.count({ grant: 'refresh_token' }), 0);
  }));

test('reports unreadable settings once', (given) =>
  onMachine(given, async (machine) => {
    withSettingsText('{')(machine);
    const { checks } = await machine.doctor();
    assert.equal(
      checks.filter(({ message }) => /settings.*damaged/.test(message)).map(({ name }) => name),
      ['settings'],
    );
  }));

test('an interrupted rotation', (given) =>
  onMachine(given, async (machine) => {
    const pending = { ServerURL: 'work', Username: 'ApiKey-gone', Secret: 'canary-pending' };
    writeConfig(machine.home, 'identities/work%20(rotating).json', JSON.stringify(pending));
    const message = /^a key rotation was interrupted/;
    await expectFixed(machine, { check: 'identity work', state: 'warning', message });
  }));

test('files of another user', (given) =>
  onMachine(given, async (machine) => {
    if (process.getuid?.() !== 0) return;
    fs.chownSync(path.join(machine.home.config, 'identities/work.json'), 12_345, 12_345);
    const message = /^user 12345 owns \S+work\.json, not you \(0\)$/;
    const leaves = /^identity work: IAM refused the API key/;
    await expectFixed(machine, { check: 'files', state: 'error', message }, { leaves });
  }));

test.run();
