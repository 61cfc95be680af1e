import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findViolations } from '../../scripts/check-imports.ts';
import type { ImportRules } from '../../scripts/import-rules.ts';

const test = suite('check-imports');

const rules: ImportRules = {
  layers: {
    base: { paths: ['src/errors.ts'], imports: [] },
    iam: { paths: ['src/iam/'], imports: ['base'] },
    tokens: { paths: ['src/iam/tokens/'], imports: ['base', 'iam'] },
    cli: { paths: ['src/cli/'], imports: ['base', 'iam'] },
    scripts: { paths: ['scripts/'], imports: ['cli'] },
  },
  packages: { yargs: ['src/cli/cli.ts'], '@scope/one': ['src/iam/'], 'node:process': [] },
  exceptions: [],
};

/** A tree that breaks no rule, with a file for each path of a layer. */
const tree: Readonly<Record<string, string>> = {
  'src/errors.ts': "import fs from 'node:fs';",
  'src/iam/http.ts': "import { HelperError } from '../errors.ts';\nimport '@scope/one/part';",
  'src/iam/tokens/cache.ts': "import { send } from '../http.ts';",
  'src/cli/cli.ts': "import yargs from 'yargs';\nimport { hideBin } from 'yargs/helpers';",
  'src/cli/login.ts': "const { send } = await import('../iam/http.ts');",
  'scripts/demo.ts': "import { login } from '../src/cli/login.ts';\nimport axios from 'axios';",
};

function check(files: Readonly<Record<string, string>>, exceptions: readonly string[] = []) {
  return findViolations(new Map(Object.entries({ ...tree, ...files })), { ...rules, exceptions });
}

test('accepts a tree that follows the rules', () => assert.equal(check({}), []));

const upwards = 'src/iam/http.ts:2: iam may not import cli (src/cli/login.ts)';
const fromLogin = "'../cli/login.ts'";

/** Content that replaces a file of the tree, and the expected violations. */
const rows: readonly [name: string, file: string, text: string, violations: readonly string[]][] = [
  ['an import', 'src/iam/http.ts', `\nimport { login } from ${fromLogin};`, [upwards]],
  ['a type import', 'src/iam/http.ts', `\nimport type { L } from ${fromLogin};`, [upwards]],
  ['a re-export', 'src/iam/http.ts', `\nexport * from ${fromLogin};`, [upwards]],
  ['a re-exported type', 'src/iam/http.ts', `\nexport type { L } from ${fromLogin};`, [upwards]],
  ['an import for its effect', 'src/iam/http.ts', `\nimport ${fromLogin};`, [upwards]],
  ['a dynamic import', 'src/iam/http.ts', `\nawait import(${fromLogin});`, [upwards]],
  ['a dynamic import on two lines', 'src/iam/http.ts', `\nimport(\n  ${fromLogin}\n);`, [upwards]],
  ['a type query', 'src/iam/http.ts', `\ntype L = typeof import(${fromLogin});`, [upwards]],
  ['a template', 'src/iam/http.ts', '\nawait import(`../cli/login.ts`);', [upwards]],
  ['double quotes', 'src/iam/http.ts', '\nimport { login } from "../cli/login.ts";', [upwards]],
  [
    'a directory inside that of another layer',
    'src/iam/jwt.ts',
    "import { cache } from './tokens/cache.ts';",
    ['src/iam/jwt.ts:1: iam may not import tokens (src/iam/tokens/cache.ts)'],
  ],
  [
    'src importing scripts',
    'src/cli/map.ts',
    "import { demo } from '../../scripts/demo.ts';",
    ['src/cli/map.ts:1: cli may not import scripts (scripts/demo.ts)'],
  ],
  [
    'a package in another file',
    'src/cli/map.ts',
    "import { hideBin } from 'yargs/helpers';",
    ['src/cli/map.ts:1: only src/cli/cli.ts may import yargs'],
  ],
  [
    'a package in another directory',
    'src/cli/map.ts',
    "import type { One } from '@scope/one';",
    ['src/cli/map.ts:1: only src/iam/ may import @scope/one'],
  ],
  [
    'a package that no rule names',
    'src/cli/map.ts',
    "await import('left-pad');",
    ['src/cli/map.ts:1: nothing in src may import left-pad'],
  ],
  [
    'a forbidden module of Node',
    'src/cli/map.ts',
    "import { env } from 'node:process';",
    ['src/cli/map.ts:1: nothing in src may import node:process'],
  ],
  ['a file without a layer', 'src/lost.ts', '', ['src/lost.ts: has no layer']],
];

for (const [name, file, text, violations] of rows) {
  // src/cli/login.ts imports no file here: otherwise an upward import would also be a cycle.
  test(`reports ${name}`, () =>
    assert.equal(check({ 'src/cli/login.ts': '', [file]: text }), violations));
}

test('reports a cycle inside a layer, through types and dynamic imports', () => {
  const files = {
    'src/cli/one.ts': "import type { Two } from './two.ts';",
    'src/cli/two.ts': "await import('./three.ts');",
    'src/cli/three.ts': "export { one } from './one.ts';",
  };
  const cycle = 'src/cli/one.ts -> src/cli/two.ts -> src/cli/three.ts -> src/cli/one.ts';
  assert.equal(check(files), [`import cycle: ${cycle}`]);
  assert.equal(check(files, ['src/cli/three.ts -> src/cli/one.ts']), []);
});

test('reports a file that imports itself', () => {
  const files = { 'src/cli/one.ts': "import { one } from './one.ts';" };
  assert.equal(check(files), ['import cycle: src/cli/one.ts -> src/cli/one.ts']);
});

test('accepts an exception, and reports an unused one', () => {
  const exception = 'src/iam/jwt.ts -> src/cli/cli.ts';
  assert.equal(check({ 'src/iam/jwt.ts': "import '../cli/cli.ts';" }, [exception]), []);
  assert.equal(check({}, [exception]), [
    `${exception}: this exception matches no import; remove it from the rules`,
  ]);
});

test('reports a layer path that does not exist', () => {
  const { 'src/errors.ts': _, ...others } = tree;
  const violations = findViolations(new Map(Object.entries(others)), rules);
  assert.equal(violations, ['src/errors.ts: a layer has this path, but there is no such file']);
});

test.run();
