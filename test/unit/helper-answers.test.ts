import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunResult } from '../../src/context.ts';
import {
  callErase,
  callHelper,
  isNotFound,
  oneLine,
  parseList,
  parseObject,
} from '../../src/secrets/helper-process.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { inWorld } from '../support/keychains.ts';
import { fails } from '../support/rejects.ts';

const test = suite("a credential helper's answers");

const sentence = 'credentials not found in native keychain';
const answers: readonly (readonly [ok: boolean, text: string, isNotFound: boolean])[] = [
  [true, sentence, true],
  [true, `x ${sentence}`, false],
  [true, '{"Username":"","Secret":""}', true],
  [true, '{"Username":"","Secret":"x"}', false],
  [true, '{"Username":"x","Secret":""}', false],
  [true, '', false],
  [false, sentence, true],
  [false, `error: ${sentence}.`, true],
  [false, '{"Username":"","Secret":""}', false],
  [false, 'no usernames for x', true],
  [false, 'error: no usernames for x', false],
  [false, '', false],
];
for (const [ok, text, expected] of answers) {
  test(`${ok ? 'success' : 'failure'} with "${text}" is${expected ? '' : ' not'} "not found"`, () =>
    assert.is(isNotFound({ ok, text }), expected));
}

test('a reason is one line of 200 characters', () => {
  assert.is(oneLine('a\n\r\tb\x1b[0m '), 'a b [0m');
  assert.is(oneLine('x'.repeat(200)), 'x'.repeat(200));
  assert.is(oneLine('x'.repeat(201)), `${'x'.repeat(200)}…`);
  assert.match(oneLine(' \n'), /\w/);
});

test('an object is an object, and nothing of it is in the error', () => {
  assert.equal(parseObject('vault', '{"a":1}'), { a: 1 });
  for (const text of ['', 'canary', 'null', '[]', '"canary"', '1', '{"canary":']) {
    const { message } = fails(() => parseObject('vault', text), 'storage', /vault/);
    assert.not.match(message, 'canary');
  }
});

test('a list has user names, and may be empty or null', () => {
  assert.equal(parseList('vault', '{"a":"u","b":1,"c":null}'), { a: 'u' });
  for (const text of ['', 'null', '{}']) assert.equal(parseList('vault', text), {});
  for (const text of ['[]', 'x', 'nul']) fails(() => parseList('vault', text), 'storage');
});

test('to erase fails only if something is still there', () =>
  inWorld({ identities: {}, mappings: {} }, ({ context, kept, answers: given }) => {
    const erase = () => callErase(context, 'vault', 'https://a.example\n');
    assert.is(erase().ok, true);
    kept.set('https://a.example', 'canary');
    assert.is(erase().ok, true);
    assert.is(kept.size, 0);
    kept.set('https://a.example', 'canary');
    given.erase = () => [1, 'locked'];
    assert.equal(erase(), { ok: false, text: 'locked' });
  }));

function inPath(result: RunResult, use: (context: TestContext) => void, env: object = {}) {
  return inHome(({ folder }) => {
    const file = path.join(folder, 'docker-credential-vault');
    fs.writeFileSync(file, '', { mode: 0o755 });
    const runSync: TestContext['runSync'] = (program, words, { timeoutMs, env: given }) => {
      assert.equal([program, words, timeoutMs], [file, ['list'], 5000]);
      assert.is(given.IC_API_KEY, undefined);
      return result;
    };
    use(testContext({ env: { PATH: folder, IC_API_KEY: 'canary', ...env }, runSync }));
  });
}

const done: RunResult = { status: 0, output: ' {}\n', errors: '' };

test('an answer is the output without the spaces around it', () =>
  inPath(done, (context) => {
    assert.equal(callHelper(context, 'vault', 'list', ''), { ok: true, text: '{}' });
    assert.equal(context.warnings, []);
  }));

test('a failure to run is not an answer', () =>
  inPath({ ...done, status: null, failure: 'EACCES' }, (context) => {
    fails(() => callHelper(context, 'vault', 'list', ''), 'storage', /vault.*EACCES/);
  }));

test('a timeout is not an answer', () =>
  inPath({ ...done, status: null, failure: 'timeout' }, (context) => {
    fails(() => callHelper(context, 'vault', 'list', ''), 'storage', /vault.* 5 s/);
  }));

for (const [status, failure] of [
  [1, undefined],
  [0, 'ENOBUFS'],
] as const) {
  const errors = '\n one\x1b[31m \n\n2\n3\n4\n5\n';
  test(`standard error is shown with status ${status} and ${failure ?? 'no failure'}`, () =>
    inPath({ ...done, status, errors, ...(failure && { failure }) }, (context) => {
      try {
        callHelper(context, 'vault', 'list', '');
      } catch {
        // The failure is the subject of another test.
      }
      const lines = ['one [31m', '2', '3', '4', '5'];
      assert.equal(
        context.warnings,
        lines.map((line) => `docker-credential-vault: ${line}`),
      );
    }));
}

test('of more than five lines of standard error, the number is shown', () =>
  inPath({ ...done, status: 1, errors: '1\n2\n3\n4\n5\n6\n7\n' }, (context) => {
    callHelper(context, 'vault', 'list', '');
    assert.is(context.warnings.length, 6);
    assert.match(context.warnings[5] ?? '', /\(2 more lines\)/);
  }));

test('beside an answer, standard error is debug output', () =>
  inPath(
    { ...done, errors: 'one\n' },
    (context) => {
      callHelper(context, 'vault', 'list', '');
      assert.equal(context.warnings, ['docker-credential-vault: one']);
      const quiet = testContext({ ...context, env: { PATH: context.env.PATH } });
      callHelper(quiet, 'vault', 'list', '');
      assert.equal(quiet.warnings, []);
    },
    { DOCKER_CREDENTIAL_ICR_DEBUG: '1' },
  ));

test.run();
