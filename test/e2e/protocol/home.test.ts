import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answer,
  answered,
  credential,
  executable,
  helper,
  notFound,
  nothing,
  refused,
  unprivilegedHelper,
} from '../../support/helper.ts';
import { type Home, inHome, snapshot, writeIdentity } from '../../support/home.ts';

const test = suite('home directories');

const noHome = refused('no configuration directory; set HOME or DOCKER_CREDENTIAL_ICR_CONFIG_DIR');

/** Runs a command with another password database, in a mount namespace of its own. */
function withPasswd(home: Home, line: string, verb: string, input = '', env = {}) {
  const passwd = path.join(home.folder, 'passwd');
  fs.writeFileSync(passwd, line);
  const script = 'mount --bind "$0" /etc/passwd && exec "$@"';
  const args = ['-m', 'sh', '-c', script, passwd, executable, verb];
  const { stdout, stderr, status } = spawnSync('unshare', args, {
    input,
    encoding: 'utf8',
    env: { PATH: home.env.PATH, ...env },
  });
  fs.rmSync(passwd);
  return { stdout, stderr, status };
}

/** A user ID that no password database has. */
const unknownUid = 1234567;

function asUnknownUser(home: Home, verb: string, input = '', env = {}) {
  fs.chownSync(home.folder, unknownUid, unknownUid);
  const ids = ['--reuid', String(unknownUid), '--regid', String(unknownUid), '--clear-groups'];
  const { stdout, stderr, status } = spawnSync('setpriv', [...ids, executable, verb], {
    input,
    encoding: 'utf8',
    env: { PATH: home.env.PATH, ...env },
  });
  return { stdout, stderr, status };
}

const canUnshare =
  process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0;
const testInNamespace = canUnshare ? test : test.skip;

for (const variables of [{}, { HOME: '' }]) {
  const state = 'HOME' in variables ? 'empty' : 'not set';

  testInNamespace(`HOME is ${state}: the password database names it`, () =>
    inHome((home) => {
      const passwd = `root:x:0:0::${home.folder}:/bin/sh\n`;
      const run = (verb: string, input = '', env = {}) =>
        withPasswd(home, passwd, verb, input, { ...variables, ...env });
      assert.equal(run('get', 'us.icr.io'), notFound);
      assert.equal(run('store', credential('us.icr.io')), nothing);
      assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
      assert.is(run('get', 'us.icr.io').stdout, answer('us.icr.io'));
      assert.equal(run('list'), answered('{"us.icr.io":"iamapikey"}\n'));
      assert.equal(run('erase', 'us.icr.io'), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    }),
  );

  testInNamespace(`HOME is ${state}, and the user is not in the password database`, () =>
    inHome((home) => {
      const run = (verb: string, input = '', env = {}) =>
        asUnknownUser(home, verb, input, { ...variables, ...env });
      assert.equal(run('get', 'us.icr.io'), noHome);
      assert.equal(run('get', 'registry.example.com'), notFound);
      assert.equal(run('list'), answered('{}\n'));
      assert.equal(run('erase', 'us.icr.io'), noHome);
      assert.equal(run('erase', 'registry.example.com'), noHome);
      assert.is(run('version').status, 0);
      assert.equal(run('store', credential('us.icr.io')), noHome);
      const withKey = { IBMCLOUD_API_KEY: 'canary' };
      assert.is(run('get', 'us.icr.io', withKey).stdout, answer('us.icr.io'));
      assert.equal(run('erase', 'us.icr.io', withKey), noHome);
      const elsewhere = { XDG_CONFIG_HOME: path.join(home.folder, 'elsewhere') };
      assert.equal(snapshot(home.folder), {});
      assert.equal(run('store', credential('us.icr.io'), elsewhere), nothing);
      assert.is(run('get', 'us.icr.io', elsewhere).stdout, answer('us.icr.io'));
    }),
  );
}

test('HOME does not exist: get returns not found, and store creates it', () =>
  inHome((home) => {
    const HOME = path.join(home.folder, 'not', 'there');
    const env = { HOME };
    assert.equal(helper(home, 'get', 'us.icr.io', { env }), notFound);
    assert.equal(helper(home, 'list', '', { env }), answered('{}\n'));
    assert.not.ok(fs.existsSync(HOME));
    assert.equal(helper(home, 'store', credential('us.icr.io'), { env }), nothing);
    assert.is(helper(home, 'get', 'us.icr.io', { env }).stdout, answer('us.icr.io'));
  }));

test('HOME is a file', () =>
  inHome((home) => {
    const HOME = path.join(home.folder, 'file');
    fs.writeFileSync(HOME, '');
    const env = { HOME };
    assert.equal(helper(home, 'get', 'us.icr.io', { env }), notFound);
    assert.equal(helper(home, 'list', '', { env }), answered('{}\n'));
    assert.equal(helper(home, 'erase', 'us.icr.io', { env }), nothing);
    const { stdout, ...rest } = helper(home, 'store', credential('us.icr.io'), { env });
    assert.match(stdout, /^cannot write .*us\.icr\.io\.json \(E[A-Z]+\); .*\n$/);
    assert.equal(rest, { stderr: '', status: 1 });
  }));

const places: readonly [name: string, env: (folder: string) => Record<string, string>, string][] = [
  [
    'DOCKER_CREDENTIAL_ICR_CONFIG_DIR',
    (folder) => ({ DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, 'own') }),
    'own/hosts/us.icr.io.json',
  ],
  ...(process.platform === 'linux'
    ? ([
        [
          'XDG_CONFIG_HOME',
          (folder) => ({ XDG_CONFIG_HOME: path.join(folder, 'xdg') }),
          'xdg/docker-credential-icr/hosts/us.icr.io.json',
        ],
        [
          'a relative XDG_CONFIG_HOME is ignored',
          () => ({ XDG_CONFIG_HOME: 'xdg' }),
          '.config/docker-credential-icr/hosts/us.icr.io.json',
        ],
      ] satisfies [string, (folder: string) => Record<string, string>, string][])
    : []),
];

for (const [name, envIn, file] of places) {
  test(name, () =>
    inHome((home) => {
      const env = envIn(home.folder);
      assert.equal(helper(home, 'store', credential('us.icr.io'), { env }), nothing);
      assert.ok(fs.statSync(path.join(home.folder, file)).isFile());
      assert.is(helper(home, 'get', 'us.icr.io', { env }).stdout, answer('us.icr.io'));
    }),
  );
}

/** Restores the modes at the end, because the home directory could not be removed otherwise. */
async function withMode(folder: string, mode: number, use: () => void): Promise<void> {
  const entries = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const all = ['', ...entries.filter((name) => !name.endsWith('.json'))];
  const paths = all.map((name) => path.join(folder, name)).reverse();
  for (const each of paths) fs.chmodSync(each, mode);
  try {
    await use();
  } finally {
    for (const each of paths.reverse()) fs.chmodSync(each, 0o700);
  }
}

test('HOME is read-only: get succeeds, store and erase fail and change nothing', () =>
  inHome((home) => {
    writeIdentity(home, 'canary', { 'de.icr.io': { identity: 'work' } });
    helper(home, 'store', credential('us.icr.io'));
    return withMode(home.folder, 0o500, () => {
      const before = snapshot(home.folder);
      for (const host of ['us.icr.io', 'de.icr.io']) {
        assert.is(unprivilegedHelper(home, 'get', host).stdout, answer(host));
        const { stdout, status } = unprivilegedHelper(home, 'erase', host);
        assert.match(stdout, /^cannot write .*icr\.io \(EACCES\); check the owner .*\n$/);
        assert.is(status, 1);
      }
      const { stdout, status } = unprivilegedHelper(
        home,
        'store',
        credential('us.icr.io', 'other'),
      );
      assert.match(stdout, /^cannot write .*us\.icr\.io\.json \(EACCES\); check the owner .*\n$/);
      assert.is(status, 1);
      assert.equal(unprivilegedHelper(home, 'erase', 'jp.icr.io'), nothing);
      assert.equal(unprivilegedHelper(home, 'get', 'jp.icr.io'), notFound);
      assert.equal(snapshot(home.folder), before);
    });
  }));

test('the configuration directory is not readable: get fails, and does not return not found', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    return withMode(home.config, 0o000, () => {
      const { stdout, status } = unprivilegedHelper(home, 'get', 'us.icr.io');
      assert.match(stdout, /^us\.icr\.io: cannot read .* \(EACCES\); check the owner .*\n$/);
      assert.is(status, 1);
      const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary' };
      assert.is(unprivilegedHelper(home, 'get', 'us.icr.io', env).stdout, answer('us.icr.io'));
    });
  }));

test('one credential is not readable: get returns the others', () =>
  inHome((home) => {
    for (const host of ['us.icr.io', 'de.icr.io']) helper(home, 'store', credential(host));
    fs.chmodSync(path.join(home.config, 'hosts', 'us.icr.io.json'), 0o000);
    const { stdout, status } = unprivilegedHelper(home, 'get', 'us.icr.io');
    assert.match(
      stdout,
      /^us\.icr\.io: cannot read .*us\.icr\.io\.json \(EACCES\); check the owner .*\n$/,
    );
    assert.is(status, 1);
    assert.is(unprivilegedHelper(home, 'get', 'de.icr.io').stdout, answer('de.icr.io'));
    assert.is(unprivilegedHelper(home, 'list', '').stdout, '{"de.icr.io":"iamapikey"}\n');
  }));

const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(54)}.icr.io`;

test('get and erase work with a host of 253 characters', () =>
  inHome((home) => {
    assert.is(longest.length, 253);
    const env = { IBMCLOUD_API_KEY: 'canary' };
    assert.equal(helper(home, 'get', longest), notFound);
    assert.is(helper(home, 'get', longest, { env }).stdout, answer(longest));
    assert.equal(helper(home, 'erase', longest), nothing);
    assert.equal(helper(home, 'get', longest, { env }), notFound);
    assert.equal(helper(home, 'get', `${longest}.`), notFound);
  }));

// A umask that restricts the owner would make the directories inaccessible to the user.
for (const umask of ['000', '077', '177', '277', '777']) {
  test(`umask ${umask}: the owner can access directories and files`, () =>
    inHome((home) => {
      const script = `umask ${umask}; "$0" store`;
      const input = credential('us.icr.io');
      const { status } = spawnSync('/bin/sh', ['-c', script, executable], { env: home.env, input });
      assert.is(status, 0);
      const modes = Object.fromEntries(
        fs
          .readdirSync(home.folder, { recursive: true, encoding: 'utf8' })
          .map((name) => [name, fs.statSync(path.join(home.folder, name))] as const)
          .map(([name, stat]) => [
            name,
            `${stat.isFile() ? 'f' : 'd'}${(stat.mode & 0o777).toString(8)}`,
          ]),
      );
      assert.equal(new Set(Object.values(modes)), new Set(['d700', 'f600']), JSON.stringify(modes));
    }));
}

test.run();
