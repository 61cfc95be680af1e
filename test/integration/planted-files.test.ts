import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { credential, executable, helper, type Outcome } from '../support/helper.ts';
import { type Home, inHome, snapshot, writeConfig, writeIdentity } from '../support/home.ts';

const test = suite('files planted by other users');
const isRoot = process.geteuid?.() === 0;
const user = 65_534;

/** Disables the fast path of `get`, which reads only private regular files. */

function cacheOf({ folder }: Home): string {
  return path.join(folder, '.cache/docker-credential-icr');
}

/** A cached token of the identity from `writeIdentity`. */
function writeToken(home: Home, token = 'canary-token'): string {
  const file = path.join(cacheOf(home), 'work.json');
  const [issuedAt, expiresAt] = [Date.now(), Date.now() + 3_600_000];
  const entry = { name: 'work', endpoint, token, issuedAt, expiresAt, since: 0 };
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(file, JSON.stringify(entry), { mode: 0o600 });
  return file;
}

/** An identity that requires an access token. */
function writeMinting(home: Home): void {
  writeIdentity(home, 'canary-root', { '*': { identity: 'work', present: 'iambearer' } });
}

/** An address where token requests fail immediately. */
const endpoint = 'http://iam.example';
const offline = { IBMCLOUD_IAM_API_ENDPOINT: endpoint };

/** Commands that read or write this program's files; none may block on a planted file. */
const commands: readonly (readonly [words: string, input?: string])[] = [
  ['get', 'us.icr.io'],
  ['list'],
  ['store', credential('de.icr.io')],
  ['erase', 'us.icr.io'],
  ['settings ibmcloud-session off'],
  ['login us.icr.io --api-key-stdin --no-verify', 'canary-key'],
  ['store move file'],
  ['logout us.icr.io'],
  ['logout --identity work'],
  ['logout'],
];

/** The timeout of `helper` stops a command that blocks. */
function call(home: Home, words: string, input = '', env = {}): Outcome {
  const outcome = helper(home, words.split(' '), input, { env: { ...offline, ...env } });
  assert.is.not(outcome.status, null, `${words} waits`);
  return outcome;
}

/** Directories with temporary files of older versions, and current lock and temporary paths. */
const directories = ['hosts', 'identities', 'signed-out', '.', 'cache'];

for (const directory of directories) {
  test(`.aside in ${directory} as a symlink: removes nothing from its target`, () =>
    inHome((home) => {
      const victim = path.join(home.folder, 'victim');
      fs.mkdirSync(victim);
      for (const name of ['notes', '12-abc-1-def', '.01234567-12-abc-1-def.tmp']) {
        fs.writeFileSync(path.join(victim, name), 'canary');
        fs.utimesSync(path.join(victim, name), 0, 0);
      }
      writeMinting(home);
      writeToken(home);
      const place = directory === 'cache' ? cacheOf(home) : path.join(home.config, directory);
      fs.mkdirSync(place, { recursive: true, mode: 0o700 });
      fs.symlinkSync(victim, path.join(place, '.aside'));
      const before = snapshot(victim);
      for (const [words, input] of commands) call(home, words, input);
      assert.equal(snapshot(victim), before);
    }));
}

const planted: readonly (readonly [what: string, make: (at: string) => void])[] = [
  ['a FIFO', (at) => execFileSync('mkfifo', ['-m', '600', at])],
  ['a symlink to itself', (at) => fs.symlinkSync(path.basename(at), at)],
];

const paths = [
  'config.json',
  'config.lock',
  'config.lock/1',
  'move.lock',
  'move.lock/1',
  'hosts',
  'hosts/us.icr.io.json',
  'hosts/.aside',
  'hosts/.01234567-12-abc-1-def.tmp',
  'identities',
  'identities/work.json',
  'signed-out',
  'signed-out/us.icr.io',
  'cache',
  'cache/work.json',
  'cache/work.lock',
  'cache/work.lock/1',
];
for (const [what, make] of planted) {
  for (const name of paths) {
    test(`${what} as ${name}: no command blocks`, () =>
      inHome((home) => {
        writeMinting(home);
        const at = name.startsWith('cache')
          ? path.join(cacheOf(home), name.slice('cache'.length))
          : path.join(home.config, name);
        fs.rmSync(at, { recursive: true, force: true });
        fs.mkdirSync(path.dirname(at), { recursive: true, mode: 0o700 });
        make(at);
        const some =
          what === 'a FIFO'
            ? commands
            : commands.filter(([words]) => /^(get|settings|logout)/.test(words));
        for (const [words, input] of some) call(home, words, input);
      }));
  }
}

for (const number of ['999999999999999', '1000000000000']) {
  for (const text of ['{"over":true}', '']) {
    test(`config.lock/${number} with ${text || 'nothing'} in it: settings are changed`, () =>
      inHome((home) => {
        writeConfig(home, `config.lock/${number}`, text);
        for (const value of ['on', 'off', 'on']) {
          const { stderr, status } = call(home, `settings ibmcloud-session ${value}`);
          assert.equal({ stderr, status }, { stderr: '', status: 0 });
        }
      }));
  }
}

test('a symlink instead of a lock: refuses to change settings with path and hint, and returns tokens', () =>
  inHome((home) => {
    writeMinting(home);
    const elsewhere = path.join(home.folder, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.symlinkSync(elsewhere, path.join(home.config, 'config.lock'));
    const { stderr, status } = call(home, 'settings ibmcloud-session on');
    assert.match(stderr, /config\.lock is a symlink, not a directory\nhint: move it away\n$/);
    assert.is(status, 1);
    assert.equal(fs.readdirSync(elsewhere), []);
  }));

for (const [what, make] of planted) {
  test(`signed-out is ${what}: get and list fail with its path`, () =>
    inHome((home) => {
      writeIdentity(home);
      make(path.join(home.config, 'signed-out'));
      for (const [words, input] of [
        ['get', 'us.icr.io'],
        ['list', ''],
      ] as const) {
        const { stdout, status } = call(home, words, input);
        assert.match(stdout, /signed-out( is a FIFO|: it leads to itself)/);
        assert.is(status, 1);
      }
    }));
}

/** Runs the executable as another user, from a copy that the user can access. */
function asUser(home: Home, words: string, input = '', env = {}): Outcome {
  const reach = ['--reuid', String(user), '--regid', String(user), '--clear-groups', program];
  const { stdout, stderr, status } = spawnSync('setpriv', [...reach, ...words.split(' ')], {
    input,
    env: { ...home.env, ...offline, ...env },
    cwd: '/',
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { stdout, stderr, status };
}

const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-copy-'));
const program = path.join(copy, 'docker-credential-icr');
if (isRoot) {
  fs.chmodSync(copy, 0o755);
  fs.copyFileSync(executable, program);
}
test.after(() => fs.rmSync(copy, { recursive: true }));

function giveAll(folder: string, uid: number): void {
  execFileSync('chown', ['-hR', `${uid}:${uid}`, folder]);
}

/** A test that changes the owner of files, which requires root. */
function rootTest(name: string, run: (home: Home) => void): void {
  (isRoot ? test : test.skip)(`${name} (needs root)`, () => inHome(run));
}

rootTest(
  "root in a user's HOME: get works, writing commands fail, and nothing is changed",
  (home) => {
    helper(home, 'store', credential('de.icr.io'));
    writeIdentity(home);
    const secret = path.join(home.folder, 'secret');
    fs.writeFileSync(secret, 'x', { mode: 0o644 });
    giveAll(home.folder, user);
    fs.chmodSync(path.join(home.config, 'hosts/de.icr.io.json'), 0o644);
    const before = snapshot(home.folder);
    assert.match(call(home, 'get', 'us.icr.io').stdout, /canary-root/);
    assert.match(call(home, 'get', 'de.icr.io').stdout, /canary/);
    const writing = commands.filter(([words]) => !/^(get|list)/.test(words));
    for (const [words, input] of writing) {
      // For a host that uses an identity, `store` fails before it writes.
      const sent = words === 'store' ? credential('registry.example') : input;
      const { stdout, stderr, status } = call(home, words, sent);
      assert.match(stdout + stderr, /root does not write to \S+ of user \S+ \(65534\)/, words);
      assert.is(status, 1, words);
    }
    assert.equal(snapshot(home.folder), before);
    fs.rmSync(path.join(home.config, 'config.json'));
    fs.symlinkSync(secret, path.join(home.config, 'config.json'));
    execFileSync('chown', ['-h', `${user}`, path.join(home.config, 'config.json')]);
    assert.match(call(home, 'get', 'us.icr.io').stdout, /config\.json is owned by user/);
    assert.is(fs.statSync(secret).mode & 0o777, 0o644);
  },
);

rootTest("root in a user's HOME creates no directory there", (home) => {
  giveAll(home.folder, user);
  for (const [words, input] of [
    ['store', credential('us.icr.io')],
    ['login --api-key-stdin --no-verify', 'canary'],
  ] as const) {
    const { stdout, stderr, status } = call(home, words, input);
    assert.match(stdout + stderr, /root does not write to /, words);
    assert.is(status, 1);
  }
  assert.equal(fs.readdirSync(home.folder), []);
});

rootTest("root in a user's HOME lets no keychain of that user's settings write", (home) => {
  const bin = path.join(home.folder, 'bin');
  const calls = path.join(bin, 'calls');
  fs.mkdirSync(bin);
  const text = `#!/bin/sh\necho "$1" >>'${calls}'\necho 'credentials not found in native keychain'\nexit 1\n`;
  fs.writeFileSync(path.join(bin, 'docker-credential-fake'), text, { mode: 0o755 });
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  const login = 'login --api-key-stdin --no-verify --store fake';
  const rows = [
    [{ store: 'fake' }, 'store', credential('us.icr.io')],
    [{ store: 'fake' }, 'store', credential('quay.example')],
    [{ store: 'fake' }, 'erase', 'quay.example'],
    [{ fallbackHelper: 'fake' }, 'store', credential('quay.example')],
    [{ fallbackHelper: 'fake' }, 'erase', 'quay.example'],
    [{}, 'store move fake', ''],
    [{}, login, 'canary-0123456789abcdefghijklmnopqrstuvwxyz0'],
    [undefined, login, 'canary-0123456789abcdefghijklmnopqrstuvwxyz0'],
    [undefined, 'store move fake', ''],
  ] as const;
  for (const [settings, words, input] of rows) {
    fs.rmSync(path.join(home.folder, '.config'), { recursive: true, force: true });
    const file = JSON.stringify({ identities: {}, mappings: {}, ...settings });
    if (settings !== undefined) writeConfig(home, 'config.json', file);
    giveAll(home.folder, user);
    const { stdout, stderr, status } = call(home, words, input, env);
    assert.match(stdout + stderr, /root does not write to /, words);
    assert.is(status, 1, words);
    // Root may read.
    if (fs.existsSync(calls))
      assert.not.match(fs.readFileSync(calls, 'utf8'), /store|erase/, words);
  }
});

for (const [who, give] of [
  ['the directory', (home: Home) => execFileSync('chown', ['1717', cacheOf(home)])],
  [
    'the file',
    (home: Home) => execFileSync('chown', ['1717', path.join(cacheOf(home), 'work.json')]),
  ],
] as const) {
  rootTest(`does not use a cached token if another user owns ${who}`, (home) => {
    writeMinting(home);
    fs.chmodSync(writeToken(home), 0o644);
    giveAll(home.folder, user);
    assert.match(asUser(home, 'get', 'us.icr.io').stdout, /canary-token/);
    fs.chmodSync(path.join(cacheOf(home), 'work.json'), 0o644);
    fs.chmodSync(cacheOf(home), 0o755);
    give(home);
    const { stdout, stderr } = asUser(home, 'get', 'us.icr.io');
    assert.not.match(stdout, /canary-token/);
    assert.match(stderr, /is owned by user 1717, not by user .*; continuing without the cache/);
  });
}

rootTest('logout removes every secret although another user owns the cache directory', (home) => {
  helper(home, 'store', credential('us.icr.io'));
  writeMinting(home);
  const env = { DOCKER_CREDENTIAL_ICR_CACHE_DIR: path.join(home.folder, 'shared') };
  const key = 'canary-0123456789abcdefghijklmnopqrstuvwxyz0';
  fs.mkdirSync(env.DOCKER_CREDENTIAL_ICR_CACHE_DIR);
  fs.chownSync(env.DOCKER_CREDENTIAL_ICR_CACHE_DIR, 1717, 1717);
  for (const name of ['one', 'two']) {
    const words = ['login', '--no-verify', '--identity', name, '--api-key-stdin'];
    const { stderr, status } = helper(home, words, key, { env });
    assert.equal([status, stderr.includes('user 1717')], [0, true], stderr);
  }
  const { stderr, status } = helper(home, 'logout', '', { env });
  assert.equal([status, stderr.includes('user 1717')], [1, true], stderr);
  for (const name of ['hosts', 'identities']) {
    assert.equal(fs.readdirSync(path.join(home.config, name)), []);
  }
});

rootTest('refuses settings and secrets of another user with the owner and a hint', (home) => {
  writeIdentity(home);
  giveAll(home.folder, user);
  for (const name of ['.', 'config.json', 'identities', 'identities/work.json']) {
    const entry = path.join(home.config, name);
    const { mode } = fs.statSync(entry);
    fs.chmodSync(entry, 0o777);
    fs.chownSync(entry, 1717, 1717);
    const { stdout, status } = asUser(home, 'get', 'us.icr.io');
    assert.match(
      stdout,
      /is owned by user 1717, not by user .*; run this as user 1717, or set /,
      name,
    );
    assert.is(status, 1);
    fs.chownSync(entry, user, user);
    fs.chmodSync(entry, mode);
  }
  assert.match(asUser(home, 'get', 'us.icr.io').stdout, /canary-root/);
});

rootTest('signed-out is unreadable: get and list fail', (home) => {
  writeIdentity(home);
  writeConfig(home, 'signed-out/us.icr.io', '');
  giveAll(home.folder, user);
  fs.chmodSync(path.join(home.config, 'signed-out'), 0);
  for (const [words, input] of [
    ['get', 'us.icr.io'],
    ['list', ''],
  ] as const) {
    const { stdout, stderr, status } = asUser(home, words, input);
    assert.match(stdout + stderr, /cannot read \S+signed-out\S* \(EACCES\)/);
    assert.not.match(stdout, /canary/);
    assert.is(status, 1);
  }
});

rootTest('umask 777: every writing command works and creates owner-only files', (home) => {
  giveAll(home.folder, user);
  const run = (words: string, input: string) =>
    spawnSync(
      'setpriv',
      [
        '--reuid',
        `${user}`,
        '--regid',
        `${user}`,
        '--clear-groups',
        '/bin/sh',
        '-c',
        `umask 777; exec ${program} ${words}`,
      ],
      { input, env: { ...home.env, ...offline }, cwd: '/', encoding: 'utf8' },
    );
  for (const [words, input] of [
    ['store', credential('de.icr.io')],
    ['login us.icr.io --api-key-stdin --no-verify', 'canary-key'],
    ['login us.icr.io --identity work --api-key-stdin --no-verify', 'canary-key'],
    ['map jp.icr.io work', ''],
    ['settings ibmcloud-session on', ''],
    ['erase de.icr.io', 'de.icr.io'],
    ['store move file', ''],
    ['logout us.icr.io', ''],
    ['logout', ''],
  ] as const) {
    const { stdout, stderr, status } = run(words.replace(/^erase .*/, 'erase'), input);
    assert.is(status, 0, `${words}: ${stdout}${stderr}`);
  }
  for (const name of fs.readdirSync(home.config, { recursive: true, encoding: 'utf8' })) {
    const stat = fs.statSync(path.join(home.config, name));
    assert.is(stat.mode & 0o777, stat.isDirectory() ? 0o700 : 0o600, name);
  }
});

// Reading and writing work in a dotfiles repository.
test('preserves symlinks of the configuration directory and settings to dotfiles', () =>
  inHome((home) => {
    const dotfiles = path.join(home.folder, 'dotfiles');
    fs.mkdirSync(path.join(dotfiles, 'icr'), { recursive: true, mode: 0o755 });
    fs.mkdirSync(path.dirname(home.config), { recursive: true });
    fs.symlinkSync('../dotfiles/icr', home.config);
    fs.writeFileSync(path.join(dotfiles, 'icr.json'), '{}', { mode: 0o644 });
    fs.symlinkSync('../icr.json', path.join(dotfiles, 'icr/config.json'));
    const login = call(home, 'login --api-key-stdin --no-verify', 'canary-key');
    assert.is(login.status, 0, login.stderr);
    assert.match(call(home, 'get', 'us.icr.io').stdout, /canary-key/);
    assert.ok(fs.lstatSync(home.config).isSymbolicLink());
    assert.ok(fs.lstatSync(path.join(dotfiles, 'icr/config.json')).isSymbolicLink());
    assert.match(fs.readFileSync(path.join(dotfiles, 'icr.json'), 'utf8'), /"identities"/);
    assert.is(call(home, 'logout').status, 0);
    assert.equal(fs.readdirSync(path.join(dotfiles, 'icr/identities')), []);
    fs.chmodSync(dotfiles, 0o777);
    const { stderr, status } = call(home, 'settings ibmcloud-session on');
    assert.match(
      stderr,
      /cannot follow the symlink \S+: other users can write to \S+dotfiles\nhint: run chmod go-w/,
    );
    assert.is(status, 1);
  }));

test.run();
