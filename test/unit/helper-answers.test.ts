import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunResult } from '../../src/context.ts';
import {
  callErase,
  callHelper,
  isNotFound,
  listInput,
  oneLine,
  parseList,
  parseOutput,
  unlockCommand,
  unlockHint,
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

for (const [name, command] of [
  ['secretservice', 'gnome-keyring-daemon --replace --unlock'],
  ['pass', 'gpg -d'],
  ['osxkeychain', 'security unlock-keychain'],
] as const) {
  test(`${name} is unlocked with ${command}`, () => {
    assert.ok(unlockCommand(name)?.includes(command));
    const hint = `unlock it if it is locked with ${unlockCommand(name)}, and try again`;
    assert.is(unlockHint(name), hint);
  });
}

test('another keychain is unlocked in its own way', () => {
  assert.is(unlockCommand('vault'), undefined);
  assert.is(unlockHint('vault'), 'unlock it if it is locked, and try again');
});

for (const [failure, problem] of [
  ['ENOBUFS', 'wrote more than 8 MiB of output'],
  ['EACCES', 'cannot be run (EACCES)'],
] as const) {
  test(`a helper that fails with ${failure} ${problem}`, () =>
    inWorld({}, ({ context }) => {
      const failing = {
        ...context,
        runSync: () => ({ status: null, output: '', errors: '', failure }),
      };
      const { message } = fails(() => callHelper(failing, 'vault', 'get', 'x'), 'storage');
      assert.is(message, `docker-credential-vault ${problem}`);
    }));
}

test('standard error of a successful call is debug output', () =>
  inWorld({}, ({ context }) => {
    const runSync = () => ({ status: 0, output: '{}', errors: 'note\n' });
    callHelper({ ...context, runSync }, 'vault', 'get', 'x');
    assert.equal(context.warnings, []);
    const env = { ...context.env, DOCKER_CREDENTIAL_ICR_DEBUG: '1' };
    callHelper({ ...context, env, runSync }, 'vault', 'get', 'x');
    assert.equal(context.warnings, ['docker-credential-vault: note']);
  }));

test('a reason is one line of 200 characters', () => {
  assert.is(oneLine('a\n\r\tb\x1b[0m '), 'a b [0m');
  assert.is(oneLine('x'.repeat(200)), 'x'.repeat(200));
  assert.is(oneLine('x'.repeat(201)), `${'x'.repeat(200)}…`);
  assert.match(oneLine(' \n'), /\w/);
});

test('an object is an object, and nothing of it is in the error', () => {
  assert.equal(parseOutput('vault', '{"a":1}'), { a: 1 });
  for (const text of ['', 'canary', 'null', '[]', '"canary"', '1', '{"canary":']) {
    const problem = /^docker-credential-vault returned invalid output; update it/;
    const { message } = fails(() => parseOutput('vault', text), 'storage', problem);
    assert.not.match(message, 'canary');
  }
});

test('a list has user names, and may be empty or null', () => {
  assert.equal(parseList('vault', '{"a":"u","b":1,"c":null}'), { a: 'u' });
  for (const text of ['', 'null', '{}']) assert.equal(parseList('vault', text), {});
  for (const text of ['[]', 'x', 'nul']) fails(() => parseList('vault', text), 'storage');
});

test('to erase fails only if something is still there', () =>
  inWorld({ identities: {}, mappings: {} }, ({ context, kept, calls, answers: given }) => {
    const erase = () => callErase(context, 'vault', 'https://a.example\n');
    assert.is(erase().ok, true);
    kept.set('https://a.example', 'canary');
    assert.is(erase().ok, true);
    assert.is(kept.size, 0);
    given.erase = () => [1, 'no such entry'];
    calls.length = 0;
    assert.equal(erase(), { ok: true, text: '' });
    assert.equal(calls, ['erase', 'get']);
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

test('no call is made when no time is left', () =>
  inWorld({ identities: {}, mappings: {} }, ({ context, calls }) => {
    for (const [leftMs, isCalled] of [
      [-1, false],
      [0, false],
      [1, true],
    ] as const) {
      const late = { ...context, deadline: context.now() + leftMs };
      const call = () => callHelper(late, 'vault', 'list', '');
      if (isCalled) call();
      else fails(call, 'storage', /^docker-credential-vault was not called: no time left/);
      assert.is(calls.length, isCalled ? 1 : 0);
    }
  }));

test('output of up to 8 MiB is read, in one call with the input and the mark of a call', () =>
  inHome(({ folder }) => {
    fs.writeFileSync(path.join(folder, 'docker-credential-vault'), '', { mode: 0o755 });
    const asked: unknown[] = [];
    const runSync: TestContext['runSync'] = (_program, words, { input, maxBytes, env }) => {
      asked.push([words, input, maxBytes, env.DOCKER_CREDENTIAL_ICR_CALLS]);
      return done;
    };
    callHelper(testContext({ env: { PATH: folder }, runSync }), 'vault', 'get', 'x\n');
    assert.equal(asked, [[['get'], 'x\n', 8 * 1024 * 1024, 'vault']]);
  }));

test('secrets in an error and in standard error are masked, also one inside a credential', () => {
  const inner = JSON.stringify({ Username: 'u', Secret: 'canary-"quoted"' });
  const input = JSON.stringify({ ServerURL: 'x', Secret: inner });
  const output = 'cannot store canary-\\"quoted\\" of canary-"quoted"';
  return inWorld({ identities: {}, mappings: {} }, ({ context }) => {
    const runSync: TestContext['runSync'] = () => ({ status: 1, output, errors: output });
    const answer = callHelper({ ...context, runSync }, 'vault', 'store', input);
    assert.equal(answer, { ok: false, text: 'cannot store *** of ***' });
    assert.equal(context.warnings, ['docker-credential-vault: cannot store *** of ***']);
  });
});

test('a secret in output that is not valid JSON is masked', () =>
  inWorld({ identities: {}, mappings: {} }, ({ context }) => {
    const output = 'canary-\\q and {"Secret" : "canary-\\q';
    const runSync: TestContext['runSync'] = () => ({ status: 1, output, errors: '' });
    const { text } = callHelper({ ...context, runSync }, 'vault', 'get', 'x');
    assert.not.match(text, 'canary');
  }));

test('"not found" is recognized although a word of it is a part of the secret', () =>
  inWorld({ identities: {}, mappings: {} }, ({ context }) => {
    const runSync: TestContext['runSync'] = () => ({
      status: 1,
      output: `error: ${sentence}`,
      errors: '',
    });
    const input = JSON.stringify({ Secret: 'credentials' });
    const answer = callHelper({ ...context, runSync }, 'vault', 'store', input);
    assert.equal(answer, { ok: false, text: sentence });
  }));

test("reads at most 16 Ki characters of a helper's output", () => {
  const longest = 16 * 1024;
  return inWorld({ identities: {}, mappings: {} }, ({ context }) => {
    const long = 'x'.repeat(longest + 1);
    const runSync: TestContext['runSync'] = () => ({ status: 1, output: long, errors: long });
    const { text } = callHelper({ ...context, runSync }, 'vault', 'get', 'x');
    assert.is(text.length, longest);
    assert.is(context.warnings[0]?.length, 'docker-credential-vault: '.length + longest);
  });
});

test('of six lines of standard error, the number of the others is shown', () =>
  inPath({ ...done, status: 1, errors: '1\n2\n3\n4\n5\n6\n' }, (context) => {
    callHelper(context, 'vault', 'list', '');
    assert.equal(context.warnings.slice(5), ['docker-credential-vault: (1 more lines)']);
  }));

test('calls list with an input that names this program', () => {
  assert.is(listInput, 'https://docker-credential-icr/list\n');
});

test.run();
