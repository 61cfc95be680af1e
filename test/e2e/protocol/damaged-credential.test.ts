import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, nothing, refused } from '../../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('damaged credentials');

const damages: readonly (string | Buffer)[] = [
  '',
  '{',
  credential('us.icr.io').slice(0, -5),
  '\0'.repeat(80),
  Buffer.from([0xff, 0xfe]),
  'null',
  '[]',
  '{}',
  '"canary"',
  '{"ServerURL":"us.icr.io","Username":"iamapikey"}',
  '{"ServerURL":"us.icr.io","Username":"","Secret":"canary"}',
  '{"ServerURL":"us.icr.io","Username":"iamapikey","Secret":""}',
  '{"ServerURL":"us.icr.io","Username":"iamapikey","Secret":{}}',
  '{"ServerURL":5,"Username":"iamapikey","Secret":"canary"}',
];

function lineAbout(file: string): string {
  return `us.icr.io: the stored credential of us.icr.io is damaged (${file}.damaged); run docker-credential-icr login us.icr.io`;
}

function fileOf(home: Home, host: string): string {
  return path.join(home.config, 'hosts', `${host}.json`);
}

for (const damage of damages) {
  test(`get: reports the file, moves it away and still returns other credentials: ${JSON.stringify(damage.toString().slice(0, 70))}`, () =>
    inHome((home) => {
      helper(home, 'store', credential('de.icr.io'));
      const file = writeConfig(home, 'hosts/us.icr.io.json', damage);
      const { stderr, ...first } = helper(home, 'get', 'us.icr.io');
      assert.equal(first, { stdout: `${lineAbout(file)}\n`, status: 1 });
      assert.is(
        stderr,
        `docker-credential-icr: ${file} is damaged and was renamed to ${file}.damaged\n`,
      );
      assert.equal(fs.readFileSync(`${file}.damaged`), Buffer.from(damage));
      assert.not.ok(fs.existsSync(file));
      assert.equal(helper(home, 'get', 'us.icr.io'), refused(lineAbout(file)));
      assert.is(helper(home, 'get', 'de.icr.io').stdout, answer('de.icr.io'));
      assert.is(helper(home, 'list').stdout, '{"de.icr.io":"iamapikey"}\n');
    }));
}

test('docker login repairs it', () =>
  inHome((home) => {
    writeConfig(home, 'hosts/us.icr.io.json', '{');
    assert.is(helper(home, 'store', credential('us.icr.io')).status, 0);
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
    assert.equal(helper(home, 'erase', 'us.icr.io'), nothing);
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
  }));

test('docker logout repairs it: get returns not found, which podman requires to log in again', () =>
  inHome((home) => {
    writeConfig(home, 'hosts/us.icr.io.json', '{');
    assert.is(helper(home, 'get', 'us.icr.io').status, 1);
    assert.equal(helper(home, 'erase', 'us.icr.io'), nothing);
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    assert.equal(fs.readdirSync(path.join(home.config, 'hosts')), []);
  }));

test('docker-credential-icr login repairs it, as the hint says', () =>
  inHome((home) => {
    writeConfig(home, 'hosts/us.icr.io.json', '{');
    assert.is(helper(home, 'get', 'us.icr.io').status, 1);
    const words = ['login', 'us.icr.io', '--api-key-stdin', '--no-verify'];
    assert.is(helper(home, words, 'canary').status, 0);
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
  }));

test('get: the error contains the host and its damaged identity', () =>
  inHome((home) => {
    writeIdentity(home);
    const file = writeConfig(home, 'identities/work.json', '{');
    const { stdout, status } = helper(home, 'get', 'us.icr.io');
    assert.is(
      stdout,
      `us.icr.io: the stored credential of work is damaged (${file}.damaged); run docker-credential-icr login --identity work\n`,
    );
    assert.is(status, 1);
  }));

for (const mode of [0o644, 0o640, 0o604, 0o666, 0o777]) {
  test(`get: changes mode ${mode.toString(8)} to 600 and prints a warning`, () =>
    inHome((home) => {
      helper(home, 'store', credential('us.icr.io'));
      const file = fileOf(home, 'us.icr.io');
      fs.chmodSync(file, mode);
      const { stderr, ...rest } = helper(home, 'get', 'us.icr.io');
      assert.equal(rest, { stdout: answer('us.icr.io'), status: 0 });
      assert.is(
        stderr,
        `docker-credential-icr: other users could read ${file}; its mode is now 0600\n`,
      );
      assert.is(fs.statSync(file).mode & 0o777, 0o600);
      assert.is(helper(home, 'get', 'us.icr.io').stderr, '');
    }));
}

test('store and erase: only the owner has access to files and directories', () =>
  inHome((home) => {
    const umask = process.umask(0);
    helper(home, 'store', credential('us.icr.io'));
    helper(home, 'erase', 'de.icr.io');
    process.umask(umask);
    assert.is(fs.statSync(fileOf(home, 'us.icr.io')).mode & 0o777, 0o600);
    for (const folder of ['', 'hosts', 'signed-out']) {
      assert.is(fs.statSync(path.join(home.config, folder)).mode & 0o777, 0o700, folder);
    }
  }));

test('get: reports a directory in place of the file, and does not change its mode', () =>
  inHome((home) => {
    const file = fileOf(home, 'us.icr.io');
    fs.mkdirSync(file, { recursive: true });
    fs.chmodSync(file, 0o755);
    const { stdout, status } = helper(home, 'get', 'us.icr.io');
    assert.is(stdout, `us.icr.io: ${file} is a directory, not a regular file; move it away\n`);
    assert.is(status, 1);
    assert.is(fs.statSync(file).mode & 0o777, 0o755);
  }));

// File types and sizes that would block a read, or make it very long.
const endless: readonly [what: string, make: (file: string) => void, problem: string][] = [
  [
    'a named pipe',
    (file) => execFileSync('mkfifo', ['-m', '600', file]),
    'is a FIFO, not a regular file',
  ],
  ['a device', (file) => fs.symlinkSync('/dev/zero', file), 'is a device, not a regular file'],
  [
    'a gigabyte',
    (file) => {
      fs.writeFileSync(file, '', { mode: 0o600 });
      fs.truncateSync(file, 2 ** 30);
    },
    'is larger than 16 MiB',
  ],
];
for (const [what, make, problem] of endless) {
  test(`${what} in place of the file: get fails, list omits it, store and erase replace it`, () =>
    inHome((home) => {
      const file = writeConfig(home, 'hosts/us.icr.io.json', '');
      fs.rmSync(file);
      make(file);
      const line = `${file} ${problem}; move it away`;
      assert.equal(helper(home, 'get', 'us.icr.io'), refused(`us.icr.io: ${line}`));
      assert.is(helper(home, 'list').stdout, '{}\n');
      assert.is(helper(home, 'store', credential('us.icr.io')).status, 0);
      assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
      fs.rmSync(file);
      make(file);
      assert.equal(helper(home, 'erase', 'us.icr.io'), nothing);
      assert.not.ok(fs.existsSync(file));
    }));
}

test('a symlink is followed; a dangling one is not found, and store replaces it', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    const file = fileOf(home, 'us.icr.io');
    const elsewhere = path.join(home.folder, 'elsewhere');
    fs.renameSync(file, elsewhere);
    fs.symlinkSync(elsewhere, file);
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
    fs.rmSync(elsewhere);
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    assert.equal(
      helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-new')).status,
      0,
    );
    assert.ok(fs.lstatSync(file).isFile());
    assert.not.ok(fs.existsSync(elsewhere));
  }));

test.run();
