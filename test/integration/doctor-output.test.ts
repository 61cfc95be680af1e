import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Check, fail, ok, skip, warn } from '../../src/cli/doctor/check.ts';
import { doctor, examine } from '../../src/cli/doctor/doctor.ts';
import { runCheck } from '../../src/cli/doctor/run-check.ts';
import { showChecks } from '../../src/cli/doctor/show.ts';
import type { Context } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { executable } from '../support/helper.ts';
import { inHome } from '../support/home.ts';

const test = suite('doctor: what is shown');

const utf8 = { LANG: 'C.UTF-8' };

const screen = () => ({ columns: 80, write: (_text: string) => {} });

/** If a screen is given, the output includes the text written to it. */
function onScreen(given: Partial<Context>): TestContext {
  const context = testContext(given);
  const write = context.stdout;
  return given.screen === undefined
    ? context
    : { ...context, screen: () => ({ columns: 80, write }) };
}

async function show(checks: readonly Check[], given: Partial<Context> = {}): Promise<TestContext> {
  const context = onScreen(given);
  await showChecks(context, checks, await examine(context));
  return context;
}

function simple(name: string, finding: ReturnType<typeof ok>): Check {
  return { name, run: () => finding };
}

const four = [
  simple('a', ok('fine')),
  simple('b', warn('hm', 'mend b')),
  simple('c', fail('bad', 'mend c')),
  simple('d', skip('not now')),
];

const inWords = `ok   a: fine
warn b: hm
     run: mend b
fail c: bad
     run: mend c
skip d: not now
1 wrong, 1 to look at
`;
const inSigns = `✓ a: fine
! b: hm
  run: mend b
✗ c: bad
  run: mend c
- d: not now
1 wrong, 1 to look at
`;

const esc = '\u001b';

/** Returns the final text of a terminal, without colors and overwritten lines. */
function left(output: readonly string[]): string {
  return output
    .join('')
    .replace(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), '')
    .replace(new RegExp(`[^\\n]*\\r${esc}\\[K`, 'g'), '');
}

const styles: readonly (readonly [what: string, given: Partial<Context>, expected: string])[] = [
  ['no terminal', { env: utf8 }, inWords],
  ['a terminal', { env: utf8, screen }, inSigns],
  ['a terminal with NO_COLOR', { env: { ...utf8, NO_COLOR: '1' }, screen }, inWords],
  ['a terminal that shows ASCII', { env: { LANG: 'C' }, screen, platform: 'linux' }, inWords],
  ['a terminal that says nothing', { env: {}, screen, platform: 'linux' }, inWords],
  ['LC_ALL before LANG', { env: { ...utf8, LC_ALL: 'C' }, screen }, inWords],
];

for (const [what, given, expected] of styles) {
  test(what, async () => {
    const { output } = await show(four, given);
    assert.is(left(output), expected);
    if (given.screen === undefined) assert.is(output.join(''), expected);
  });
}

test('nothing is wrong', async () => {
  assert.is(
    (await show([simple('a', ok('fine'))])).output.join(''),
    'ok   a: fine\nnothing is wrong\n',
  );
});

test('lines come in their order, each as soon as it can', async () => {
  const gates = ['a', 'b', 'c'].map(() => Promise.withResolvers<void>());
  const checks = gates.map(
    ({ promise }, index): Check => ({
      name: `check ${index}`,
      run: async () => {
        await promise;
        return ok('done');
      },
    }),
  );
  const context = onScreen({ env: utf8, screen });
  const shown = showChecks(context, checks, await examine(context));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  gates[1]?.resolve();
  await settle();
  assert.is(left(context.output), 'waiting for check 0, check 2');
  gates[0]?.resolve();
  await settle();
  assert.is(left(context.output), '✓ check 0: done\n✓ check 1: done\nwaiting for check 2');
  gates[2]?.resolve();
  await shown;
  assert.match(left(context.output), /✓ check 2: done\nnothing is wrong\n$/);
});

test('long lines are broken between words, commands are not', async () => {
  const message = 'word '.repeat(30).trim();
  const fix = `mend ${'x'.repeat(100)}`;
  const { output } = await show([simple('long', fail(message, fix))]);
  const lines = output.join('').split('\n');
  assert.is(lines[0], `fail long: ${'word '.repeat(13)}word`);
  assert.match(String(lines[1]), /^ {5}word /);
  assert.ok(lines.includes(`     run: ${fix}`));
});

test('a name of a file does not write on the terminal', async () => {
  const { output } = await show([simple('a', fail('a\x1b[31m\nb', 'rm \x1b]0;x\x07'))]);
  assert.is(
    output.join(''),
    'fail a: a\\u001b[31m\\u000ab\n     run: rm \\u001b]0;x\\u0007\n1 wrong\n',
  );
});

test('a bug in a check is a line, and the others go on', async () => {
  const bug: Check = {
    name: 'bug',
    run: () => {
      throw new TypeError('canary');
    },
  };
  const { output } = await show([bug, simple('a', ok('fine'))]);
  assert.match(
    output.join(''),
    /^fail bug: the check itself failed \(TypeError\)\n {5}run: DOCKER_/,
  );
  assert.match(output.join(''), /\nok {3}a: fine\n1 wrong\n$/);
});

test('an error of the helper is a line with its hint', async () => {
  const context = testContext();
  const check: Check = {
    name: 'a',
    run: () => {
      throw new HelperError('damaged', 'it is gone; run docker-credential-icr login');
    },
  };
  assert.equal(await runCheck(check, await examine(context)), [
    { name: 'a', state: 'fail', message: 'it is gone', fix: 'docker-credential-icr login' },
  ]);
});

test('a check that takes too long is told so, and ended', async () => {
  let ended = false;
  const check: Check = {
    name: 'slow',
    limit: 5,
    run: (_, signal) => {
      signal.addEventListener('abort', () => {
        ended = true;
      });
      return new Promise(() => {});
    },
  };
  const results = await runCheck(check, await examine(testContext()));
  assert.equal(results, [
    { name: 'slow', state: 'fail', message: 'gave no result within 0.005 s' },
  ]);
  assert.ok(ended);
});

test('a person who mistypes a host is told at once', async () => {
  try {
    await doctor.run(testContext(), { hosts: ['example.com'] });
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /example\.com is not a host of IBM Cloud Container Registry/);
  }
});

test('as JSON', () =>
  inHome(({ env, folder }) => {
    const offline = { ...env, HTTPS_PROXY: 'http://127.0.0.1:1' };
    const run = spawnSync(executable, ['doctor', '--json'], {
      env: offline,
      cwd: folder,
      encoding: 'utf8',
    });
    assert.is(run.status, 1);
    assert.is(run.stderr, '');
    const report = JSON.parse(run.stdout);
    assert.equal(Object.keys(report), ['ok', 'checks']);
    assert.is(report.ok, false);
    for (const { name, state, message, fix, ...other } of report.checks) {
      assert.equal(other, {});
      assert.type(name, 'string');
      assert.type(message, 'string');
      assert.ok(['ok', 'warn', 'fail', 'skip'].includes(state));
      assert.ok(fix === undefined || typeof fix === 'string');
    }
  }));

test.run();
