import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { HelperTimeoutError } from '../../src/secrets/helper-process.ts';

const test = suite('errors');

/** The executable contains copies of the module. */
async function copyOf(): Promise<typeof import('../../src/errors.ts')> {
  return import(`${import.meta.dirname}/../../src/errors.ts?copy`);
}

test('instanceof accepts errors of a copy of the class', async () => {
  const copy = await copyOf();
  assert.is.not(copy.HelperError, HelperError);
  const error = new copy.HelperError('storage', 'text');
  assert.ok(error instanceof HelperError);
  assert.not.ok(error instanceof HelperTimeoutError);
});

for (const other of [new Error('text'), { name: 'HelperError' }, undefined]) {
  test(`instanceof refuses ${other}`, () => {
    assert.not.ok(other instanceof HelperError);
  });
}

test('instanceof of a subclass refuses other errors', () => {
  assert.not.ok(new HelperError('storage', 'text') instanceof HelperTimeoutError);
});

test.run();
