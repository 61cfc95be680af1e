import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findVoidTests } from '../../scripts/test-guard.ts';

const test = suite('tests that cannot fail');

const run = 'test.run();';
// Split in two, because the check would find this file otherwise.
const throwing = 'assert.thr' + 'ows';
const rows: readonly [name: string, source: string, findings: number][] = [
  ['a usual file', `${throwing}(() => parse('x'));\n${run}`, 0],
  ['no run', 'test("a", () => {});', 1],
  ['an async function', `${throwing}(async () => {});\n${run}`, 1],
  ['an async function on the next line', `${throwing}(\n  async () => {});\n${run}`, 1],
  ['an async function that must not throw', `assert.not.thr${'ows'}(async () => {});${run}`, 1],
  ['a call of an async function', `async function ask() {}\n${throwing}(() => ask());\n${run}`, 1],
  ['the name of an async function', `const ask = async () => {};\n${throwing}(ask);\n${run}`, 1],
  ['two async functions', `${throwing}(async () => {});\n${throwing}(async () => {});\n${run}`, 2],
];

for (const [name, source, findings] of rows) {
  test(name, () => assert.is(findVoidTests(source).length, findings));
}

test('reports the line', () => {
  const [finding = ''] = findVoidTests(`\n\n${throwing}(async () => {});\n${run}`);
  assert.match(finding, /^line 3: an async function /);
});

test.run();
