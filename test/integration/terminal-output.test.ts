import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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

test.run();
