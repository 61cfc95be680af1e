import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('SECURITY.md');

const root = path.join(import.meta.dirname, '..', '..');
const text = fs.readFileSync(path.join(root, 'SECURITY.md'), 'utf8');
const named = new Set(
  [...text.matchAll(/`((?:test|scripts|docs)\/[\w./-]+)`/g)].map(([, name = '']) => name),
);

test('every file that it mentions exists', () => {
  assert.ok(named.size > 20);
  for (const name of named) assert.ok(fs.existsSync(path.join(root, name)), name);
});

test('every table row names its test', () => {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  for (const row of rows) {
    const [last = ''] = row
      .split('|')
      .map((cell) => cell.trim())
      .filter(Boolean)
      .slice(-1);
    assert.match(last, /^(tested$|`test\/|not tested)/, row);
  }
});

test.run();
