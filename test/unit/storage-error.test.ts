import fs from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { attempt } from '../../src/files/storage-error.ts';

const test = suite('an attempt to read');

test('returns what was read, and the error of the helper as it is', async () => {
  assert.is(await attempt(() => 'text'), 'text');
  assert.is(await attempt(async () => 'text'), 'text');
  const error = new HelperError('damaged', 'x is damaged');
  const failing = () => {
    throw error;
  };
  assert.is(await attempt(failing), error);
});

test('returns an error of the system with the name of the file, if it is known', async () => {
  for (const [read, message] of [
    [() => fs.readFileSync('/nonexistent'), 'cannot read /nonexistent (ENOENT)'],
    [() => fs.fstatSync(999_999), 'cannot read a file (EBADF)'],
  ] as const) {
    const error = await attempt<unknown>(read);
    assert.ok(error instanceof HelperError);
    assert.equal([error.code, error.message], ['storage', message]);
  }
});

test('throws a bug', async () => {
  const failing = () => {
    throw new TypeError('a bug');
  };
  assert.is(await attempt(failing).catch(String), 'TypeError: a bug');
});

test.run();
