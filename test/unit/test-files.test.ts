import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nameFilter } from '../../scripts/name-filter.ts';
import { chooseFiles, longest, longestFirst } from '../../scripts/test-files.ts';

const test = suite('test selection');

const root = path.resolve(import.meta.dirname, '../..');
const files = ['test/unit/store.test.ts', 'test/unit/move.test.ts', 'test/e2e/store.test.ts'];
const choices: readonly [wanted: string, chosen: readonly number[]][] = [
  ['', [0, 1, 2]],
  [' ', [0, 1, 2]],
  ['store', [0, 2]],
  ['e2e move', [1, 2]],
  ['unit/store.test.ts', [0]],
  ['./test/unit/store.test.ts', [0]],
  ['test/unit/*', [0, 1]],
  ['test/**/store*', [0, 2]],
  ['mo*.ts', [1]],
  ['none', []],
];
for (const [wanted, chosen] of choices) {
  test(`FILES=${JSON.stringify(wanted)}`, () => {
    assert.equal(
      chooseFiles(files, wanted),
      files.filter((_, index) => chosen.includes(index)),
    );
  });
}

const names: readonly [wanted: string, name: string, expected: boolean][] = [
  ['', 'any: name', true],
  ['Hangs', 'doctor: one that hangs is stopped', true],
  ['doctor: one', 'doctor: one that hangs is stopped', true],
  ['^one', 'doctor: one that hangs is stopped', false],
  ['a|stopped$', 'doctor: one that hangs is stopped', true],
  ['x (y)', 'suite: x (y)', true],
  ['x (y', 'suite: x (y)', true],
  ['x (y', 'suite: x y', false],
];
for (const [wanted, name, expected] of names) {
  test(`NAME=${JSON.stringify(wanted)} and ${name}`, () => {
    assert.is(nameFilter(wanted)(name), expected);
  });
}

test('slow files start first, and exist', () => {
  const paths = longest.map((name) => `test/integration/${name}.test.ts`);
  for (const file of paths) assert.ok(fs.existsSync(path.resolve(root, file)), file);
  assert.equal(longestFirst([...files, ...paths.toReversed()]), [...paths, ...files]);
});

test.run();
