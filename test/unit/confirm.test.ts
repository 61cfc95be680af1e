import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { confirm } from '../../src/cli/confirm.ts';
import { testContext } from '../support/context.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('confirm');

/** Only to what says it is one is Ctrl-C more than a character; the rest is easier to read without its codes. */
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
  test(`${JSON.stringify(typed)} is ${expected ? 'yes' : 'no'}`, async () => {
    const context = atTerminal(typed);
    assert.is(await confirm(context, 'delete it'), expected);
    assert.match(String(context.shown()), /^delete it\? \[y\/N\] /);
    assert.equal(context.warnings, expected ? [] : ['nothing was changed']);
  });
}

test('Ctrl-C is neither', async () => {
  await rejects(
    confirm(atTerminal('\u0003', true), 'delete it'),
    'cancelled',
    /^cancelled, nothing was changed$/,
  );
});

test('--yes asks nobody, and without a terminal it is needed', async () => {
  assert.is(await confirm(testContext(), 'delete it', true), true);
  await rejects(
    confirm(testContext(), 'delete it'),
    'invalid-input',
    /without a terminal; use --yes to delete it$/,
  );
});

test.run();
