import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, nothing } from '../../support/helper.ts';
import { type Home, inHome, writeIdentity } from '../../support/home.ts';

const test = suite('sign-out');

const ambient = ['IBMCLOUD_API_KEY', 'BLUEMIX_API_KEY', 'IC_API_KEY'];
const everything = Object.fromEntries(ambient.map((name) => [name, 'canary-ambient']));

function withEverything(home: Home): void {
  writeIdentity(home, 'canary-root', {
    '*': { identity: 'work' },
    'us.icr.io': { identity: 'work' },
    'us.icr.io/ns': { identity: 'work' },
  });
  helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-stored'));
}

test('get: returns not found for an erased host only', () =>
  inHome((home) => {
    withEverything(home);
    const options = { env: everything };
    assert.equal(helper(home, 'erase', 'us.icr.io', options), nothing);
    for (const spelling of ['us.icr.io', 'https://us.icr.io/', 'us.icr.io/ns/image']) {
      assert.equal(helper(home, 'get', spelling, options), notFound);
    }
    const listed = JSON.parse(helper(home, 'list', '', options).stdout);
    assert.is(listed['us.icr.io'], undefined);
    assert.is(listed['de.icr.io'], 'iamapikey');
    assert.match(helper(home, 'get', 'de.icr.io', options).stdout, 'canary-root');
    assert.match(helper(home, 'get', 'private.us.icr.io', options).stdout, 'canary-root');
  }));

const marks: Readonly<Record<string, (file: string) => void>> = {
  'a dangling symlink': (file) => fs.symlinkSync('nowhere', file),
  'a symlink to a file of another name': (file) => fs.symlinkSync('../config.json', file),
  'a symlink loop': (file) => fs.symlinkSync('us.icr.io', file),
  'a symlink to a device': (file) => fs.symlinkSync('/dev/zero', file),
  'a directory': (file) => fs.mkdirSync(file),
  'a FIFO': (file) => execFileSync('mkfifo', [file]),
  'an unreadable file': (file) => fs.writeFileSync(file, '', { mode: 0 }),
  'a file with a wide mode and text': (file) => fs.writeFileSync(file, 'x', { mode: 0o666 }),
};

for (const [what, make] of Object.entries(marks)) {
  test(`a mark that is ${what} signs the host out`, () =>
    inHome((home) => {
      withEverything(home);
      helper(home, 'erase', 'us.icr.io');
      const file = path.join(home.config, 'signed-out', 'us.icr.io');
      fs.unlinkSync(file);
      make(file);
      const options = { env: everything };
      assert.equal(helper(home, 'get', 'us.icr.io', options), notFound);
      assert.is(JSON.parse(helper(home, 'list', '', options).stdout)['us.icr.io'], undefined);
      assert.match(helper(home, 'get', 'de.icr.io', options).stdout, 'canary-root');
    }));
}

test('docker login ends the sign-out', () =>
  inHome((home) => {
    withEverything(home);
    helper(home, 'erase', 'us.icr.io');
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-new'));
    assert.is(
      helper(home, 'get', 'us.icr.io').stdout,
      answer('us.icr.io', 'iamapikey', 'canary-new'),
    );
    assert.is(JSON.parse(helper(home, 'list').stdout)['us.icr.io'], 'iamapikey');
    helper(home, 'erase', 'us.icr.io');
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
  }));

test('storing an identity token ends the sign-out', () =>
  inHome((home) => {
    withEverything(home);
    helper(home, 'erase', 'us.icr.io');
    helper(home, 'store', credential('us.icr.io', '<token>', 'canary-token'));
    assert.is(
      helper(home, 'get', 'us.icr.io').stdout,
      answer('us.icr.io', '<token>', 'canary-token'),
    );
  }));

test('docker-credential-icr login ends the sign-out', () =>
  inHome((home) => {
    helper(home, 'erase', 'us.icr.io');
    const words = ['login', 'us.icr.io', '--api-key-stdin', '--no-verify'];
    assert.is(helper(home, words, 'canary-typed\n').status, 0);
    assert.is(
      helper(home, 'get', 'us.icr.io').stdout,
      answer('us.icr.io', 'iamapikey', 'canary-typed'),
    );
  }));

for (const name of ambient) {
  test(`erase signs out of a host that uses ${name}`, () =>
    inHome((home) => {
      const env = { [name]: 'canary' };
      assert.is(helper(home, 'get', 'us.icr.io', { env }).stdout, answer('us.icr.io'));
      assert.equal(helper(home, 'erase', 'us.icr.io', { env }), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io', { env }), notFound);
      assert.is(helper(home, 'get', 'de.icr.io', { env }).stdout, answer('de.icr.io'));
    }));
}

test('DOCKER_CREDENTIAL_ICR_API_KEY is used for a signed-out host', () =>
  inHome((home) => {
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary' };
    helper(home, 'erase', 'us.icr.io', { env });
    assert.is(helper(home, 'get', 'us.icr.io', { env }).stdout, answer('us.icr.io'));
  }));

test('erase succeeds for all spellings of docker and nerdctl, twice', () =>
  inHome((home) => {
    withEverything(home);
    const hosts = ['us.icr.io', 'us.icr.io:443'];
    const spellings = hosts.flatMap((host) => [host, `http://${host}`, `https://${host}`]);
    for (const spelling of [...spellings, ...spellings]) {
      assert.equal(helper(home, 'erase', spelling), nothing);
      assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    }
  }));

test('podman logout --all erases each listed host', () =>
  inHome((home) => {
    withEverything(home);
    helper(home, 'store', credential('https://index.docker.io/v1/', 'somebody', 'canary'));
    const hosts = Object.keys(JSON.parse(helper(home, 'list').stdout));
    assert.ok(hosts.length > 10);
    for (const host of hosts) assert.equal(helper(home, 'erase', host), nothing);
    assert.is(helper(home, 'list').stdout, '{}\n');
    for (const host of hosts) assert.equal(helper(home, 'get', host), notFound);
  }));

test.run();
