import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { groups } from '../../scripts/mutants/groups.ts';
import { type Ignored, ignored, isIgnored, parseIgnored } from '../../scripts/mutants/ignored.ts';
import { type Mutant, mutantsOf } from '../../scripts/mutants/make-mutants.ts';
import { withSources } from '../../scripts/mutants/parse-source.ts';
import { openVerdicts } from '../../scripts/mutants/verdicts.ts';
import { mutantsOn, replaceMutants } from '../../scripts/reliability-page.ts';
import { inHome } from '../support/home.ts';

const test = suite('mutants');

/** The mutants of each source, a file of its own in one project. */
async function mutants(sources: readonly string[]): Promise<Mutant[][]> {
  const made: Mutant[][] = [];
  await inHome(({ folder }) => {
    fs.writeFileSync(path.join(folder, 'tsconfig.json'), '{"include":["*.ts"]}');
    for (const [index, source] of sources.entries()) {
      fs.writeFileSync(path.join(folder, `${index}.ts`), source);
    }
    return withSources(folder, async (sourceOf) => {
      for (const index of sources.keys()) {
        made.push(mutantsOf(`${index}.ts`, await sourceOf(`${index}.ts`)));
      }
    });
  });
  return made;
}

const rows: readonly (readonly [source: string, mutated: readonly string[]])[] = [
  ['a === b;', [';', 'a !== b;']],
  ['x = a < b;', [';', 'x = a <= b;', 'x = a >= b;']],
  ['x = a ?? b;', [';', 'x = a && b;']],
  ['x = !a;', [';', 'x = a;']],
  ['x = a instanceof B;', [';', 'x = !(a instanceof B);']],
  ['const x = true;', ['const x = false;']],
  ["const x = 'a';", ["const x = '';"]],
  ["const x = '';", ["const x = 'mutant';"]],
  ['const x = 1;', ['const x = (1 + 1);']],
  ['const x = -1;', ['const x = 0;', 'const x = -(1 + 1);']],
  ['const x = [a];', ['const x = [];']],
  ['const x = /^a$/;', ['const x = /a$/;', 'const x = /^a/;']],
  ['const x = a.trim();', ['const x = a;']],
  ['const x = a.startsWith(b);', ['const x = a.endsWith(b);']],
  ['if (a) b();', ['if (true) b();', 'if (false) b();', 'if (a) ;']],
  ['const f = () => a;', ['const f = () => undefined;']],
  ['function f() { return a; }', ['function f() { return undefined; }']],
  ['function f() { return false; }', ['function f() { return true; }']],
  ['throw a;', [';']],
  [
    "throw new HelperError('b', 'c', { hint: 'd' });",
    [';', "throw new HelperError('', 'c', { hint: 'd' });"],
  ],
  ["import { a } from 'b';", []],
  ["type A = 'b' | 1;", []],
  ["interface A { readonly b: 'c' }", []],
  ["let x: 'a' | 1;", []],
];
const lines = '// 1\n  const x =\n    true;\n';
const made = await mutants([...rows.map(([source]) => source), lines]);

for (const [index, [source, mutated]] of rows.entries()) {
  test(source, () => {
    const ofSource = made[index] ?? [];
    assert.equal(
      ofSource.map((mutant) => mutant.mutated),
      mutated,
    );
    for (const mutant of ofSource) assert.is(mutant.original, source);
  });
}

const [mutant] = made.at(-1) ?? [];
const file = `${rows.length}.ts`;

test('has the line that is changed, and the whole source', () =>
  assert.equal(mutant, {
    file,
    line: 3,
    original: 'true;',
    mutated: 'false;',
    source: '// 1\n  const x =\n    false;\n',
  }));

const cases: readonly (readonly [fields: Partial<Ignored>, expected: boolean])[] = [
  [{}, true],
  [{ mutated: 'false;' }, true],
  [{ mutated: 'true;' }, false],
  [{ original: 'false;' }, false],
  [{ file: 'b.ts' }, false],
];
for (const [fields, expected] of cases) {
  test(`is${expected ? '' : ' not'} ignored by a row with ${JSON.stringify(fields)}`, () => {
    const row: Ignored = { file, original: 'true;', why: 'a test', ...fields };
    assert.is(mutant && isIgnored(row, mutant), expected);
  });
}

test('the list of equivalent mutants has a line, perhaps its mutation, and a reason', () => {
  const text =
    'Text\n\nsrc/a.ts\n- x = 1;\n+ x = (1 + 1);\n= one\n- y;\n= two\n\nsrc/b.ts\n- z;\n= three\n';
  assert.equal(parseIgnored(text), [
    { file: 'src/a.ts', original: 'x = 1;', mutated: 'x = (1 + 1);', why: 'one' },
    { file: 'src/a.ts', original: 'y;', mutated: undefined, why: 'two' },
    { file: 'src/b.ts', original: 'z;', mutated: undefined, why: 'three' },
  ]);
});

test('a killed mutant is not tested again, unless its file changes', () =>
  inHome(({ folder }) => {
    const list = path.join(folder, 'cache', 'verdicts');
    const [one, two] = made[0] ?? [];
    if (one === undefined || two === undefined) throw new Error('too few mutants');
    const verdicts = openVerdicts(list, '2026-01-01');
    verdicts.add(one, 'timeout');
    verdicts.add(two, 'survived');
    const { earlier } = openVerdicts(list);
    assert.equal(earlier(one), { verdict: 'timeout', date: '2026-01-01' });
    for (const other of [two, { ...one, source: '' }, { ...one, file: 'other.ts' }]) {
      assert.is(earlier(other), undefined);
    }
  }));

test('the figures are the last section of the page, and replaced', () => {
  const first = replaceMutants('# Page\n\ntext\n\n', 'one');
  assert.is(first, '# Page\n\ntext\n\n## Mutation tests\n\none\n');
  assert.is(replaceMutants(first, 'two'), '# Page\n\ntext\n\n## Mutation tests\n\ntwo\n');
  assert.is(mutantsOn(first), '## Mutation tests\n\none');
  assert.is(mutantsOn('# Page\n'), '');
});

const root = path.resolve(import.meta.dirname, '../..');

/** Expands the first `{a,b}` of a pattern, because a pattern with braces also matches if only one of its files exists. */
function expanded(pattern: string): string[] {
  const [, before = '', names, after = ''] = /^(.*?)\{(.*?)\}(.*)$/.exec(pattern) ?? [];
  return names === undefined ? [pattern] : names.split(',').map((name) => before + name + after);
}

test('the line of each equivalent mutant is still in its file', () => {
  const stale = ignored.filter(
    ({ file, original }) =>
      !fs.readFileSync(path.join(root, file), 'utf8').replace(/\s+/g, ' ').includes(original),
  );
  assert.equal(
    stale.map(({ file, original }) => `${file}: ${original}`),
    [],
  );
});

test('all files of the groups exist', () => {
  const patterns = groups.flatMap(({ sources, except = [], tests }) =>
    [...sources, ...except, ...tests].flatMap(expanded),
  );
  assert.equal(
    patterns.filter((pattern) => fs.globSync(pattern, { cwd: root }).length === 0),
    [],
  );
});

test.run();
