import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const script = path.resolve(import.meta.dirname, '../../.ci/run');
/** The last line of each part's standard output, and its exit status. */
type Parts = Readonly<Record<'test' | 'lint' | 'test-clients' | 'demo', readonly [string, number]>>;

const fine: Parts = {
  test: ['5 passed, 0 failed, 1 skipped', 0],
  lint: ['checked', 0],
  'test-clients': ['3 passed, 0 failed', 0],
  demo: ['that was all', 0],
};

const test = suite('.ci/run');
/** `.ci/run` requires Debian's bash and coreutils. */
const onLinux = process.platform === 'linux' ? test : test.skip;
test.before((context) => {
  context.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ci-'));
});
test.after(({ folder }) => {
  fs.rmSync(folder, { recursive: true });
});

function standIn(folder: string, name: string, body: string): void {
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** Runs it as if every package were installed, with a `make` that prints `parts`. */
function run(folder: string, parts: Parts, uid = 0) {
  const cases = Object.entries(parts).map(
    ([part, [line, status]]) => `${part}) echo '${line}'; exit ${status} ;;`,
  );
  standIn(folder, 'make', `case $1 in\n${cases.join('\n')}\nesac`);
  standIn(folder, 'dpkg-query', 'echo installed');
  standIn(folder, 'npm', 'exit 1');
  standIn(folder, 'id', `echo ${uid}`);
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const { stdout, status } = spawnSync('bash', [script], { env, encoding: 'utf8' });
  return { status, stdout, last: stdout.trimEnd().split('\n').at(-1) };
}

const rows: readonly [what: string, parts: Partial<Parts>, last: string, status: number][] = [
  ['all tests pass', {}, '8 passed, 0 failed', 0],
  ['a test fails', { test: ['4 passed, 1 failed', 1] }, '7 passed, 1 failed', 1],
  [
    'a test fails, and make exits with 0',
    { test: ['4 passed, 1 failed', 0] },
    '7 passed, 1 failed',
    1,
  ],
  ['no totals', { test: ['Killed', 0] }, '3 passed, 1 failed', 1],
  ['totals, then a failure', { test: ['5 passed, 0 failed', 2] }, '8 passed, 1 failed', 1],
  ['no test runs', { 'test-clients': ['0 passed, 0 failed', 0] }, '5 passed, 1 failed', 1],
  [
    'all tests are skipped',
    { 'test-clients': ['0 passed, 0 failed, 4 skipped', 0] },
    '5 passed, 1 failed',
    1,
  ],
  ['lint fails', { lint: ['9 passed, 0 failed', 1] }, '8 passed, 1 failed', 1],
  ['demo fails', { demo: ['', 1] }, '8 passed, 1 failed', 1],
];

for (const [what, parts, last, status] of rows) {
  onLinux(what, ({ folder }) => {
    const outcome = run(folder, { ...fine, ...parts });
    assert.is(outcome.last, last, outcome.stdout);
    assert.is(outcome.status, status);
    const sections = outcome.stdout.match(/^== .*/gm);
    const parted = [
      'packages',
      'make test',
      'make lint',
      'make test-clients',
      'make demo',
      'summary',
    ];
    assert.equal(
      sections,
      parted.map((name) => `== ${name}`),
      'runs every part',
    );
  });
}

onLinux('fails without root, with a message', ({ folder }) => {
  const { stdout, last, status } = run(folder, fine, 1000);
  assert.match(stdout, 'needs root');
  assert.is(last, '0 passed, 1 failed');
  assert.is(status, 1);
});

test('README, CONTRIBUTING, Makefile, package.json and its lockfile name the same oldest Node', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const read = (name: string) => fs.readFileSync(path.join(root, name), 'utf8');
  const { engines } = JSON.parse(read('package.json'));
  const { packages } = JSON.parse(read('package-lock.json'));
  assert.equal(engines, { node: '>=18' });
  assert.equal(packages[''].engines, engines);
  for (const name of ['README.md', 'CONTRIBUTING.md', 'Makefile', '.ci/run']) {
    assert.match(read(name), /Node 18\b/, name);
  }
});

test.run();
