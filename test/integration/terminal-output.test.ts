import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSandbox } from '../sandbox/spawn.ts';
import { answer, credential, helper } from '../support/helper.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';

const test = suite('escaped terminal output');

/** One character of each kind: C0, DEL, C1, bidirectional override and isolate, zero-width, line separator, tag. */
const odd = 'a\u001b]0;x\u0007\r\nforged\u007f\u009b31m\u202e\u2066\u200b\ufeff\u2028\u{e0041}z';
const isOdd = /[\p{Cc}\p{Cf}\p{Zl}]/u;

function isClean(text: string): boolean {
  return !isOdd.test(text.replaceAll(/[\n\t]/g, '')) && !/^forged/m.test(text);
}

interface Case {
  readonly words: readonly string[];
  readonly input?: string;
  /** A part of the output that contains the odd name. */
  readonly shows?: RegExp;
}

const escaped = /a\\u001b\]0;x\\u0007\\u000d\\u000aforged/;
const cases: readonly Case[] = [
  { words: ['get'], input: 'us.icr.io', shows: escaped },
  { words: ['get'], input: 'de.icr.io', shows: escaped },
  { words: ['list'], shows: escaped },
  { words: ['store'], input: credential('us.icr.io'), shows: escaped },
  { words: ['erase'], input: 'us.icr.io' },
  { words: ['status'], shows: escaped },
  { words: ['status', '--json'], shows: /\\u202e/ },
  { words: ['settings', 'compute-profile'], shows: escaped },
  { words: ['map', 'us.icr.io', 'no-such'], shows: escaped },
  { words: ['map', 'us.icr.io', odd], shows: escaped },
  { words: ['login', '--identity', odd] },
  { words: ['token', 'us.icr.io'], shows: escaped },
  { words: ['exec', 'us.icr.io', '--', odd], shows: escaped },
  { words: ['doctor'], shows: /\\u202e/ },
  { words: ['doctor', '--json'], shows: /\\u202e/ },
  { words: ['api-key', 'rotate', '--identity', odd] },
  { words: ['logout', 'us.icr.io'] },
  { words: ['logout', '--identity', odd], shows: escaped },
  { words: ['logout', '--identity', 'no-such'], shows: escaped },
  { words: ['logout'] },
  { words: ['--get-yargs-completions', 'docker-credential-icr', 'login', '--identity', ''] },
  { words: [`frob${odd}`] },
  { words: [`--${odd}`] },
];

function writeOdd(home: Home): void {
  const identity = { kind: 'api-key', secretSetAt: 0, owner: odd, account: odd };
  writeConfig(
    home,
    'config.json',
    JSON.stringify({
      identities: { [odd]: identity, good: identity, idle: { ...identity, present: odd } },
      mappings: {
        'us.icr.io': { identity: odd },
        'de.icr.io': { identity: `gone ${odd}` },
        [`us.icr.io/${odd}`]: { identity: odd },
      },
      computeProfile: odd,
    }),
  );
}

for (const env of [{}, { DOCKER_CREDENTIAL_ICR_DEBUG: '1' }]) {
  for (const { words, input = '', shows } of cases) {
    const name = words.map((word) => (word.includes(odd) ? 'ODD' : word)).join(' ');
    test(`${name} ${Object.keys(env)}`, () =>
      inHome((home) => {
        writeOdd(home);
        const { stdout, stderr } = helper(home, words, input, { env });
        assert.ok(isClean(stdout), JSON.stringify(stdout));
        assert.ok(isClean(stderr), JSON.stringify(stderr));
        if (shows !== undefined) assert.match(stdout + stderr, shows);
      }));
  }
}

test('the path of a file forges no line', () =>
  inHome((home) => {
    const env = { DOCKER_CONFIG: path.join(home.folder, odd) };
    for (const words of [
      ['configure', '--host', 'us.icr.io'],
      ['configure', '--host', 'us.icr.io'],
      ['configure', '--host', 'us.icr.io', '--dry-run'],
      ['configure', '--host', 'de.icr.io'],
      ['configure', '--remove', '--host', 'us.icr.io'],
      ['kubernetes', 'config', '--output', `${odd}.yaml`],
    ]) {
      const { stdout, stderr } = helper(home, words, '', { env });
      assert.match(stdout, escaped);
      assert.ok(isClean(stdout), JSON.stringify(stdout));
      assert.ok(isClean(stderr), JSON.stringify(stderr));
    }
  }));

test('JSON: contains the original names', () =>
  inHome((home) => {
    writeOdd(home);
    const { stdout } = helper(home, ['status', '--json']);
    assert.ok(Object.hasOwn(JSON.parse(stdout).identities, odd), stdout);
  }));

test('get: does not change a credential', () =>
  inHome((home) => {
    const [user, secret] = ['jane\u202e\u200b', 'canary\u2066\ufeff\u2028'];
    helper(home, 'store', credential('registry.example', user, secret));
    const { stdout } = helper(home, 'get', 'registry.example');
    assert.is(stdout, answer('registry.example', user, secret));
    assert.is(helper(home, 'list').stdout, `${JSON.stringify({ 'registry.example': user })}\n`);
  }));

test('escapes the name of a store in the settings', () =>
  inHome((home) => {
    writeConfig(home, 'config.json', JSON.stringify({ store: odd, fallbackHelper: odd }));
    for (const words of [
      ['get'],
      ['list'],
      ['status'],
      ['logout'],
      ['doctor'],
      ['store', 'move', 'file'],
    ]) {
      const { stdout, stderr } = helper(home, words, 'us.icr.io');
      assert.ok(isClean(stdout), JSON.stringify(stdout));
      assert.ok(isClean(stderr), JSON.stringify(stderr));
    }
  }));

/** Users type the key twice, or a token of another program. */
for (const user of [
  'canary-Zk93LmTtPp0aWw2EeRr5uuYy1OoIi88BBnQx7',
  'eyJhbGciOiJSUzI1NiJ9.canary.x',
]) {
  test(`does not show the user name ${user}`, () =>
    inHome((home) => {
      const stored = helper(home, 'store', credential('us.icr.io', user, 'canary-key'));
      assert.is(stored.status, 0, stored.stdout);
      const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
      for (const words of [
        ['status'],
        ['status', '--json'],
        ['doctor'],
        ['doctor', '--registry', 'us.icr.io'],
        ['explain', 'us.icr.io/a/b'],
        ['token', 'us.icr.io'],
        ['logout', 'us.icr.io'],
      ]) {
        const { stdout, stderr } = helper(home, words, '', { env });
        assert.not.match(stdout + stderr, /canary|eyJ/, words.join(' '));
      }
    }));
}

/** Names that run a command if a shell expands them. `MARK` is a file that must not be created. */
const hostile = [
  '$(touch MARK)',
  '`touch MARK`',
  'a;touch MARK;',
  "'$(touch MARK)'",
  '"$(touch MARK)',
  'a\ntouch MARK\n',
];

/** The commands with hints that name an identity, a mapping, a host, a profile, a store or a file. `NAME` is replaced. */
const hinting: readonly (readonly [words: readonly string[], input?: string])[] = [
  [['get'], 'us.icr.io'],
  [['get'], 'de.icr.io'],
  [['get'], 'uk.icr.io'],
  [['get'], 'jp.icr.io'],
  [['list']],
  [['store'], credential('us.icr.io')],
  [['erase'], 'us.icr.io'],
  [['status']],
  [['doctor']],
  [['token', 'us.icr.io']],
  [['explain', 'us.icr.io/a/b']],
  [['login', 'us.icr.io', '--identity', 'NAME']],
  [['map', 'us.icr.io', 'NAME']],
  [['api-key', 'rotate', 'NAME']],
  [['api-key', 'list', '--as', 'NAME']],
  [['store', 'move', 'file']],
  [['store', 'move', 'NAME']],
  [['configure', '--identity', 'NAME', '--yes']],
  [['logout', '--identity', 'NAME']],
  [['logout']],
];

// One of its own process, because the commands are started synchronously. It refuses the keys at once.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-hints-'));
const cloud = await spawnSandbox({ folder });
test.after(async () => {
  await cloud.close();
  fs.rmSync(folder, { recursive: true });
});

for (const name of hostile) {
  test(`a typed hint does not run ${JSON.stringify(name)}`, () =>
    inHome((home) => {
      const bin = path.join(home.folder, 'bin');
      fs.mkdirSync(bin);
      fs.symlinkSync('/bin/touch', path.join(bin, 'touch'));
      const identity = { kind: 'api-key', secretSetAt: 0 };
      const identities = {
        [name]: identity,
        new: { kind: name },
        sso: { ...identity, kind: 'refresh-token' },
      };
      const profile = { kind: 'trusted-profile', profile: name };
      const mappings = {
        'us.icr.io': { identity: name },
        'de.icr.io': { identity: `gone ${name}` },
        'uk.icr.io': { identity: 'profile' },
        'jp.icr.io': {},
        [`us.icr.io/${name}`]: { identity: name },
        [name]: { identity: 7 },
      };
      const settings = { identities: { ...identities, profile }, mappings, previousStore: name };
      let count = 0;
      for (const [words, input = ''] of hinting) {
        writeConfig(home, 'config.json', JSON.stringify(settings));
        const typed = words.map((word) => word.replace('NAME', name));
        const env = {
          IBMCLOUD_IAM_API_ENDPOINT: cloud.iamUrl,
          DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: cloud.metadataUrl,
          PATH: bin,
        };
        const { stdout, stderr } = helper(home, typed, input, { env });
        for (const [, command = ''] of (stdout + stderr).matchAll(
          /(?:hint: .*?|; |, )run (.*)$/gm,
        )) {
          count += 1;
          spawnSync('/bin/sh', ['-c', command], {
            cwd: home.folder,
            env: { PATH: bin },
            timeout: 10_000,
          });
          assert.not.ok(
            fs.existsSync(path.join(home.folder, 'MARK')),
            `${typed.join(' ')}: ${command}`,
          );
        }
      }
      assert.ok(count > 10, String(count));
    }));
}

test.run();
