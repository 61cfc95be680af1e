import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Check, ok, problem, runCheck, skipped, warning } from '../../src/cli/doctor/check.ts';
import { doctor, prepareInput } from '../../src/cli/doctor/doctor.ts';
import { showChecks, showFirst } from '../../src/cli/doctor/report.ts';
import type { Context } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { executable } from '../support/helper.ts';
import { inHome } from '../support/home.ts';

const test = suite('doctor output');

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
  await showChecks(context, checks, await prepareInput(context));
  return context;
}

function simple(name: string, finding: ReturnType<typeof ok>): Check {
  return { name, run: () => finding };
}

const four = [
  simple('a', ok('fine')),
  simple('b', warning('hm', 'run fix b')),
  simple('c', problem('bad', 'run fix c')),
  simple('d', skipped('not now')),
];

const report = `ok      a: fine
warning b: hm
        hint: run fix b
error   c: bad
        hint: run fix c
skipped d: not now
1 error, 1 warning
`;

const expiring = (days: number): ReturnType<typeof ok> => ({
  ...warning(`expires in ${days} days`, 'run fix'),
  expiresAt: `2026-01-${String(days).padStart(2, '0')}T00:00:00.000Z`,
});
const quietRows: readonly (readonly [results: readonly Check[], line: string])[] = [
  [[simple('a', ok('fine')), simple('b', warning('hm')), simple('d', skipped('no'))], ''],
  [four, 'c: bad'],
  [[simple('ci', expiring(12))], 'ci: expires in 12 days'],
  [[simple('x', expiring(12)), simple('y', expiring(3))], 'y: expires in 3 days (and 1 more)'],
  [[simple('x', expiring(3)), simple('c', problem('bad'))], 'c: bad (and 1 more)'],
  [
    [simple('c', problem(`two\nlines ${'long '.repeat(40)}`))],
    `c: two\\u000alines ${'long '.repeat(40)}`,
  ],
];
for (const [checks, line] of quietRows) {
  test(`--quiet prints one line: ${line || 'or nothing'}`, async () => {
    const context = testContext({});
    const input = await prepareInput(context);
    const results = (await Promise.all(checks.map((check) => runCheck(check, input)))).flat();
    const status = showFirst(context, results);
    const expected = `docker-credential-icr: ${line}; run docker-credential-icr doctor\n`;
    assert.equal([context.output.join(''), status], line === '' ? ['', 0] : [expected, 1]);
  });
}

test('--quiet: one line for a home without credentials; not with --json', () =>
  inHome(({ env }) => {
    const run = (...args: readonly string[]) =>
      spawnSync(executable, ['doctor', '--quiet', ...args], { env, encoding: 'utf8' });
    const { stdout, stderr, status } = run();
    assert.match(stdout, /^docker-credential-icr: [^\n]+; run docker-credential-icr doctor\n$/);
    assert.equal([stderr, status], ['', 1]);
    const both = run('--json');
    assert.match(
      both.stderr,
      /: --json and --quiet cannot be used together\nhint: use one of them\n$/,
    );
    assert.equal([both.stdout, both.status], ['', 1]);
  }));

const esc = '\u001b';

/** Returns the final text of a terminal, without colors and overwritten lines. */
function left(output: readonly string[]): string {
  return output
    .join('')
    .replace(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), '')
    .replace(new RegExp(`[^\\n]*\\r${esc}\\[K`, 'g'), '');
}

const styles: readonly (readonly [what: string, given: Partial<Context>, isColoured: boolean])[] = [
  ['no terminal', { env: {} }, false],
  ['a terminal', { env: {}, screen }, true],
  ['a terminal with NO_COLOR', { env: { NO_COLOR: '1' }, screen }, false],
];

for (const [what, given, isColoured] of styles) {
  test(what, async () => {
    const { output } = await show(four, given);
    assert.is(left(output), report);
    assert.is(output.join('').includes(`${esc}[31merror`), isColoured);
    if (given.screen === undefined) assert.is(output.join(''), report);
  });
}

test('more than one error or warning is plural', async () => {
  const { output } = await show([...four, ...four]);
  assert.match(output.join(''), /\n2 errors, 2 warnings\n$/);
});

test('no problems', async () => {
  assert.is(
    (await show([simple('a', ok('fine'))])).output.join(''),
    'ok      a: fine\nno problems found\n',
  );
});

test('results are printed in order, each as early as possible', async () => {
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
  const context = onScreen({ screen });
  const shown = showChecks(context, checks, await prepareInput(context));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  gates[1]?.resolve();
  await settle();
  assert.is(left(context.output), 'waiting for check 0, check 2');
  gates[0]?.resolve();
  await settle();
  assert.is(
    left(context.output),
    'ok      check 0: done\nok      check 1: done\nwaiting for check 2',
  );
  gates[2]?.resolve();
  await shown;
  assert.match(left(context.output), /ok {6}check 2: done\nno problems found\n$/);
});

test('long messages are wrapped; commands only on a terminal, with backslashes', async () => {
  const message = 'word '.repeat(30).trim();
  const hint = `run docker-credential-icr login ${'--option value '.repeat(6).trim()}`;
  for (const isTerminal of [false, true]) {
    const given = isTerminal ? { screen } : {};
    const { output } = await show([simple('long', problem(message, hint))], given);
    const lines = left(output).split('\n');
    assert.is(lines[0], `error   long: ${'word '.repeat(12)}word`);
    assert.match(String(lines[1]), /^ {8}word /);
    const at = lines.findIndex((line) => line.startsWith('        hint: run '));
    const shown = lines.slice(at, -2).map((line) => line.slice(8));
    assert.is(shown.length, isTerminal ? 2 : 1);
    assert.is(shown.join('').replaceAll(' \\ ', ''), `hint: ${hint}`);
    if (isTerminal) assert.ok(lines.every(({ length }) => length <= 80));
  }
});

test('escape sequences in file names are not sent to the terminal', async () => {
  const { output } = await show([simple('a', problem('a\x1b[31m\nb', 'run rm \x1b]0;x\x07'))]);
  assert.is(
    output.join(''),
    'error   a: a\\u001b[31m\\u000ab\n        hint: run rm \\u001b]0;x\\u0007\n1 error\n',
  );
});

test('an internal error of a check does not stop the other checks', async () => {
  const bug: Check = {
    name: 'bug',
    run: () => {
      throw new TypeError('canary');
    },
  };
  const { output } = await show([bug, simple('a', ok('fine'))]);
  assert.match(
    output.join(''),
    /^error {3}bug: internal error of this check \(TypeError\)\n {8}hint: run DOCKER_/,
  );
  assert.match(output.join(''), /\nok {6}a: fine\n1 error\n$/);
});

test('an error is a finding with its hint', async () => {
  const context = testContext();
  const check: Check = {
    name: 'a',
    run: () => {
      throw new HelperError('damaged', 'it is gone', { hint: 'run docker-credential-icr login' });
    },
  };
  assert.equal(await runCheck(check, await prepareInput(context)), [
    { name: 'a', state: 'error', message: 'it is gone', hint: 'run docker-credential-icr login' },
  ]);
});

test('a check that exceeds its timeout is an error', async () => {
  const check: Check = {
    name: 'slow',
    limitMs: 5,
    run: () => new Promise(() => {}),
  };
  const results = await runCheck(check, await prepareInput(testContext()));
  assert.equal(results, [
    {
      name: 'slow',
      state: 'error',
      message: 'no result within 0.005 s',
      hint: 'check the network and the credential store, then run docker-credential-icr doctor',
    },
  ]);
});

test('refuses an invalid host before any check', async () => {
  try {
    await doctor.run(testContext(), { hosts: ['example.com'] });
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /example\.com is not a host of IBM Cloud Container Registry/);
  }
});

test('--json', () =>
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
    for (const { name, state, message, hint, ...other } of report.checks) {
      assert.equal(other, {});
      assert.type(name, 'string');
      assert.type(message, 'string');
      assert.ok(['ok', 'warning', 'error', 'skipped'].includes(state));
      assert.ok(hint === undefined || typeof hint === 'string');
    }
  }));

test.run();
