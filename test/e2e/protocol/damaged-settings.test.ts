import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, nothing, refused } from '../../support/helper.ts';
import { type Home, inHome, snapshot, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('damaged settings');

const work = '{"kind":"api-key","since":0}';
const toWork = '"mappings":{"*":{"identity":"work"}}';

const damages: readonly (string | Buffer)[] = [
  '',
  '\n',
  '{',
  '{"identities":{"work":{"kind":"api-key","since":0}},"mappi',
  '{}}',
  '\0\0\0\0\0\0\0\0',
  Buffer.from([0xff, 0xfe, 0x00, 0x01]),
  'null',
  '[]',
  '"text"',
  '1',
  '{"identities":null}',
  '{"identities":[]}',
  '{"identities":"work"}',
  '{"mappings":null}',
  '{"mappings":[]}',
  '{"iamEndpoint":5}',
  '{"ibmcloudSession":"yes"}',
  '{"computeProfile":{}}',
  `<<<<<<< HEAD\n{"identities":{}}\n=======\n`,
];

const hint = 'fix that file, or move it away and run docker-credential-icr login';

/** Returns the line on standard output. */
function lineOf(file: string): string {
  return `the settings in ${file} are damaged; ${hint}`;
}

/** Returns the warning on standard error. */
function warningOf(file: string): string {
  return `docker-credential-icr: the settings in ${file} are damaged\nhint: ${hint}\n`;
}

for (const damage of damages) {
  test(`get fails and list warns if config.json is ${JSON.stringify(damage.toString().slice(0, 100))}`, () =>
    inHome((home) => {
      writeIdentity(home);
      const file = writeConfig(home, 'config.json', damage);
      const before = snapshot(home.folder);
      const expected = refused(`us.icr.io: ${lineOf(file)}`);
      assert.equal(helper(home, 'get', 'us.icr.io'), expected);
      const { stderr, ...rest } = helper(home, 'list');
      assert.equal(rest, { stdout: '{}\n', status: 0 });
      assert.is(stderr, warningOf(file));
      // The settings would contain the fallback helper for other registries, so a warning is printed.
      const unknown = { ...notFound, stderr: warningOf(file) };
      assert.equal(helper(home, 'get', 'registry.example'), unknown);
      assert.equal(snapshot(home.folder), before);
    }));
}

test('docker login fails: a keychain may be configured, and the file store is less secure', () =>
  inHome((home) => {
    const file = writeConfig(home, 'config.json', '{"store":"pass",');
    const before = snapshot(home.folder);
    const warned = { stderr: warningOf(file) };
    for (const host of ['us.icr.io', 'registry.example']) {
      assert.equal(helper(home, 'store', credential(host)), {
        ...refused(lineOf(file)),
        ...warned,
      });
    }
    assert.equal(snapshot(home.folder), before);
    fs.rmSync(file);
    assert.equal(helper(home, 'store', credential('us.icr.io')), nothing);
  }));

test('docker login and login fail if config.json is a dangling symlink', () =>
  inHome((home) => {
    const file = path.join(home.config, 'config.json');
    fs.mkdirSync(home.config, { recursive: true, mode: 0o700 });
    fs.symlinkSync('../dotfiles/icr.json', file);
    const line = `cannot follow the symlink ${file}: its target does not exist`;
    for (const host of ['us.icr.io', 'registry.example']) {
      const { stdout, status } = helper(home, 'store', credential(host));
      assert.equal([stdout.startsWith(line), status], [true, 1], stdout);
    }
    const words = ['login', '--no-verify', '--api-key-stdin', 'us.icr.io'];
    const { stderr, status } = helper(home, words, 'canary-0123456789abcdefghijklmnopqrstuvwxyz0');
    assert.match(stderr, 'its target does not exist');
    assert.is(status, 1);
    const made = fs.readdirSync(home.config).filter((name) => !name.endsWith('.lock'));
    assert.equal([made, fs.existsSync(file)], [['config.json'], false]);
  }));

test('docker logout erases files, and reports that a keychain may still have the secret', () =>
  inHome((home) => {
    for (const host of ['us.icr.io', 'registry.example']) helper(home, 'store', credential(host));
    const file = writeConfig(home, 'config.json', '{');
    const [what, fix] = lineOf(file).split('; ');
    const line = `${what}; a keychain may still have the secret; ${fix}`;
    const { stderr, ...erased } = helper(home, 'erase', 'us.icr.io');
    assert.equal(erased, { stdout: `${line}\n`, status: 1 });
    assert.is(stderr, '');
    assert.is(helper(home, 'erase', 'registry.example').stdout, `${line}\n`);
    assert.equal(fs.readdirSync(`${home.config}/hosts`), []);
    assert.equal(fs.readdirSync(`${home.config}/signed-out`), ['us.icr.io']);
  }));

for (const [words, left] of [
  ['logout', ['registry.example.json']],
  ['logout us.icr.io', ['registry.example.json']],
  ['logout registry.example', ['us.icr.io.json']],
] as const) {
  test(`${words}: removes files, and fails`, () =>
    inHome((home) => {
      for (const host of ['us.icr.io', 'registry.example']) helper(home, 'store', credential(host));
      writeConfig(home, 'config.json', '{');
      const { stderr, status } = helper(home, words.split(' '));
      assert.match(
        stderr,
        /are damaged; a keychain may still have the secret\nhint: fix that file/,
      );
      assert.is(status, 1);
      assert.equal(fs.readdirSync(`${home.config}/hosts`), [...left]);
    }));
}

test('get: returns credentials that do not depend on the settings', () =>
  inHome((home) => {
    helper(home, 'store', credential('registry.example', 'me'));
    const file = writeConfig(home, 'config.json', '{');
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own' };
    assert.is(
      helper(home, 'get', 'us.icr.io', { env }).stdout,
      answer('us.icr.io', 'iamapikey', 'canary-own'),
    );
    assert.is(helper(home, 'get', 'registry.example').stdout, answer('registry.example', 'me'));
    fs.rmSync(file);
    assert.is(helper(home, 'get', 'registry.example').status, 0);
  }));

test('get: ignores members of later versions', () =>
  inHome((home) => {
    writeIdentity(home);
    const later = `{"identities":{"work":{"kind":"api-key","since":0,"x":1}},${toWork},"later":[]}`;
    writeConfig(home, 'config.json', later);
    assert.is(helper(home, 'get', 'us.icr.io').status, 0);
  }));

const unusable: readonly [entry: string, why: string][] = [
  ['null', 'a field is invalid'],
  ['[]', 'a field is invalid'],
  ['{}', 'a field is invalid'],
  ['{"kind":"no-such-kind","since":0,"new":{"a":[1]}}', 'its kind is unknown'],
  ['{"kind":"constructor","since":0}', 'its kind is unknown'],
  ['{"kind":"api-key","since":0,"present":""}', 'a field is invalid'],
  ['{"kind":"api-key","since":"now"}', 'a field is invalid'],
];

for (const [entry, why] of unusable) {
  test(`an identity ${entry} fails its own host only, and is kept`, () =>
    inHome((home) => {
      writeIdentity(home);
      const mappings = '"*":{"identity":"work"},"uk.icr.io":{"identity":"odd"}';
      const text = `{"identities":{"work":${work},"odd":${entry}},"mappings":{${mappings}}}`;
      const file = writeConfig(home, 'config.json', text);
      const line = `identity odd cannot be used: ${why}; update docker-credential-icr, or fix it in config.json, or run docker-credential-icr login --identity odd`;
      assert.equal(helper(home, 'get', 'uk.icr.io'), refused(`uk.icr.io: ${line}`));
      assert.is(helper(home, 'get', 'us.icr.io').status, 0);
      const listed = JSON.parse(helper(home, 'list').stdout);
      assert.is(listed['us.icr.io'], 'iamapikey');
      assert.not('uk.icr.io' in listed);
      const status = helper(home, ['status', '--json']);
      assert.equal(JSON.parse(status.stdout).identities.odd, { kind: 'unusable' });
      for (const words of [
        ['map', 'de.icr.io', 'work'],
        ['login', '--identity', 'ci', '--no-verify', '--api-key-stdin'],
      ]) {
        const { status, stderr } = helper(home, words, 'canary-new-key');
        assert.is(status, 0, stderr);
        assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).identities.odd, JSON.parse(entry));
      }
      assert.match(
        helper(home, ['token', '--identity', 'odd']).stderr,
        `odd cannot be used: ${why}`,
      );
      const doctor = JSON.parse(helper(home, ['doctor', '--json']).stdout);
      const found = doctor.checks.filter((each: { name: string }) => each.name === 'identity odd');
      assert.match(JSON.stringify(found), `cannot be used: ${why}`);
      assert.is(helper(home, ['logout', '--identity', 'odd']).status, 0);
      assert.not('odd' in JSON.parse(fs.readFileSync(file, 'utf8')).identities);
    }));
}

for (const entry of [
  'null',
  '"work"',
  '{}',
  '{"identity":5}',
  '{"identity":"work","present":""}',
]) {
  test(`a mapping ${entry} fails its own host only`, () =>
    inHome((home) => {
      writeIdentity(home);
      const mappings = `"*":{"identity":"work"},"uk.icr.io":${entry}`;
      writeConfig(home, 'config.json', `{"identities":{"work":${work}},"mappings":{${mappings}}}`);
      const line =
        'the mapping of uk.icr.io in config.json is not valid; run docker-credential-icr map uk.icr.io IDENTITY';
      assert.equal(helper(home, 'get', 'uk.icr.io'), refused(`uk.icr.io: ${line}`));
      assert.is(helper(home, 'get', 'us.icr.io').status, 0);
      assert.is(helper(home, ['logout', 'uk.icr.io']).stdout, 'logged out of uk.icr.io\n');
    }));
}

const misconfigured: readonly [name: string, setUp: (home: Home) => void, line: string][] = [
  [
    'a mapping to an identity that does not exist',
    (home) => writeIdentity(home, 'canary', { 'us.icr.io': { identity: 'nobody' } }),
    'us.icr.io: the mapping uses identity nobody, which does not exist; run docker-credential-icr login --identity nobody',
  ],
  [
    'an identity with the name of a member of Object.prototype',
    (home) => writeIdentity(home, 'canary', { 'us.icr.io': { identity: 'constructor' } }),
    'us.icr.io: the mapping uses identity constructor, which does not exist; run docker-credential-icr login --identity constructor',
  ],
  [
    'an identity without its secret',
    (home) => {
      writeIdentity(home);
      fs.rmSync(`${home.config}/identities/work.json`);
    },
    'us.icr.io: the secret of identity work is missing; run docker-credential-icr login --identity work',
  ],
];

for (const [name, setUp, line] of misconfigured) {
  test(`get reports ${name}`, () =>
    inHome((home) => {
      setUp(home);
      assert.equal(helper(home, 'get', 'us.icr.io'), refused(line));
      assert.is(helper(home, 'list').status, 0);
    }));
}

test.run();
