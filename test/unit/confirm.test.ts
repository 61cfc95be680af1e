import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { confirm } from '../../src/cli/prompt.ts';
import { testContext } from '../support/context.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('confirm');

/** readline handles Ctrl-C only on a terminal; a dumb one prints no control sequences. */
function atTerminal(typed: string, isTTY = false) {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { isTTY });
  input.write(typed);
  return { ...testContext({ terminal: () => ({ input, output }) }), shown: () => output.read() };
}

for (const [typed, expected] of [
  ['y\n', true],
  ['YES\n', true],
  ['\n', false],
  ['n\n', false],
  ['yellow\n', false],
] as const) {
  test(`${JSON.stringify(typed)} means ${expected ? 'yes' : 'no'}`, async () => {
    const context = atTerminal(typed);
    assert.is(await confirm(context, 'delete it'), expected);
    assert.match(String(context.shown()), /^delete it\? \[y\/N\] /);
    assert.equal(context.warnings, expected ? [] : ['nothing was changed']);
  });
}

test('Ctrl-C: cancels instead of answering', async () => {
  await rejects(
    confirm(atTerminal('\u0003', true), 'delete it'),
    'cancelled',
    /^cancelled, nothing was changed$/,
  );
});

test('--yes: skips the question, and is required without a terminal', async () => {
  assert.is(await confirm(testContext(), 'delete it', true), true);
  await rejects(
    confirm(testContext(), 'delete it'),
    'invalid-input',
    /without a terminal; use --yes to delete it$/,
  );
});

test.run();
