import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addCounts,
  type Count,
  exitCodeOf,
  formatCount,
  parseTotals,
  type RunOptions,
  runFile,
} from '../../scripts/uvu-run.ts';

const counting = suite('uvu result counts');

const uvu = fileURLToPath(import.meta.resolve('uvu'));
const start = `import { suite } from ${JSON.stringify(uvu)}; const t = suite('t');`;
const files = [
  { name: 'passes', text: `${start} t('a', () => {}); t.run();`, expected: [1, 0, 0] },
  {
    name: 'fails',
    text: `${start} t('a', () => { throw new Error() }); t.run();`,
    expected: [0, 1, 0],
  },
  { name: 'skips', text: `${start} t.skip('a', () => {}); t.run();`, expected: [0, 0, 1] },
  { name: 'has no test', text: `${start} t.run();`, expected: [0, 1, 0] },
  { name: 'never calls run', text: `${start} t('a', () => {});`, expected: [0, 1, 0] },
  { name: 'is empty', text: '', expected: [0, 1, 0] },
  { name: 'throws while loading', text: 'throw new Error();', expected: [0, 1, 0] },
  {
    name: 'throws before its tests',
    text: `${start} t.before(() => { throw new Error() }); t('a', () => {}); t('b', () => {}); t.run();`,
    expected: [0, 2, 0],
  },
  {
    name: 'exits early with 0',
    text: `${start} t('a', () => process.exit(0)); t.run();`,
    expected: [0, 1, 0],
  },
  {
    name: 'fails after its tests',
    text: `${start} t('a', () => {}); t.run(); process.on('exit', () => { process.exitCode = 3 });`,
    expected: [1, 1, 0],
  },
  {
    name: 'never ends',
    text: `${start} t('a', () => {}); t.run(); setInterval(() => {}, 1000);`,
    timeLimitMs: 5000,
    expected: [1, 1, 0],
  },
];

async function runText(text: string, options: RunOptions): Promise<Count> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'uvu-run-'));
  try {
    const file = path.join(folder, 'x.test.mjs');
    fs.writeFileSync(file, text);
    return await runFile(file, { show: () => {}, ...options });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

for (const { name, text, timeLimitMs, expected } of files) {
  counting(`a file that ${name}`, async () => {
    const { passed, failed, skipped } = await runText(text, timeLimitMs ? { timeLimitMs } : {});
    assert.equal([passed, failed, skipped], expected);
  });
}

counting('a file without a selected test counts as nothing, and its hooks do not run', async () => {
  const source = `import { suite } from 'uvu'; const t = suite('t');
    t.before(() => { throw new Error() }); t('a', () => {}); t.run();`;
  const run = async (name: string) => {
    const { passed, failed, skipped } = await runText(source, { name });
    return [passed, failed, skipped];
  };
  assert.equal(await run('b'), [0, 0, 0]);
  assert.equal(await run('T: A'), [0, 1, 0]);
});

counting('runs only the selected tests', async () => {
  const source = `import { suite } from 'uvu'; const t = suite('t');
    t('a', () => {}); t('b', () => { throw new Error() }); t.skip('c', () => {}); t.run();
    const u = suite('u'); u('b', () => {}); u.run();`;
  const run = async (name: string) => {
    const { passed, failed, skipped } = await runText(source, { name });
    return [passed, failed, skipped];
  };
  assert.equal(await run('b'), [1, 1, 0]);
  assert.equal(await run('^u: '), [1, 0, 0]);
  assert.equal(await run('^(a|c)$'), [1, 0, 1]);
});

counting('waits until the time limit only for a process that the file leaves behind', async () => {
  const source = `${start} import { spawn } from 'node:child_process';
    t('a', () => { spawn('sleep', ['10'], { stdio: 'inherit', detached: true }).unref(); }); t.run();`;
  const { failed, passed } = await runText(source, { timeLimitMs: 5000 });
  assert.equal([passed, failed], [1, 0]);
});

counting('uses the last totals, with or without colors', () => {
  const plain = (total: number) => `  Total:     ${total}\n  Passed:    1\n  Skipped:   0\n`;
  const coloured = '  Total:     2\x1b[32m\n  Passed:    1\x1b[39m\n  Skipped:   0\n';
  assert.equal(parseTotals(`${plain(9)}text\n${plain(3)}`)?.failed, 2);
  assert.equal(parseTotals(coloured), { passed: 1, failed: 1, skipped: 0 });
  assert.is(parseTotals('Total: 3'), undefined);
});

counting('uses the last line and the exit code', () => {
  const sum = addCounts({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 0 });
  assert.is(formatCount(sum), '3 passed, 1 failed');
  assert.is(formatCount({ passed: 1, failed: 0, skipped: 2 }), '1 passed, 0 failed, 2 skipped');
  assert.is(exitCodeOf(sum), 1);
  assert.is(exitCodeOf({ passed: 0, failed: 0, skipped: 2 }), 0);
  assert.is(exitCodeOf({ passed: 0, failed: 0, skipped: 0 }), 1);
});

counting.run();
