/**
 * Runs every test that needs no root, each file in a process of its own; without Debian's packages the real keychains'
 * tests are skipped by name, or fail in CI.
 * Arguments narrow it to the files whose path contains one of them.
 */
import fs from 'node:fs';
import path from 'node:path';
import { buildExecutable } from './build.ts';
import { findVoidTests } from './test-guard.ts';
import { addCounts, type Count, exitCodeOf, formatCount, runFile } from './uvu-run.ts';

const root = path.dirname(import.meta.dirname);
const folders = ['test/unit', 'test/integration', 'test/e2e'];
/** Needs root: scripts/test-clients.ts runs it. */
const elsewhere = 'test/e2e/clients/';
const atOnce = 2;

function testFiles(words: readonly string[]): string[] {
  const files = folders
    .filter((folder) => fs.existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      fs
        .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => path.posix.join(folder, name)),
    );
  return files
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith(elsewhere))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

/** One line a file, and one for each test that was skipped; the whole output of one that failed. */
async function test(file: string): Promise<Count> {
  const source = fs.readFileSync(path.join(root, file), 'utf8');
  const findings = findVoidTests(source);
  let output = findings.map((finding) => `${file}: ${finding}\n`).join('');
  const start = performance.now();
  const count = await runFile(path.join(root, file), {
    show: (text) => {
      output += text;
    },
  });
  const total = addCounts(count, { passed: 0, failed: findings.length, skipped: 0 });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${file}: ${formatCount(total)} (${seconds} s)`);
  if (total.failed > 0) console.log(output);
  else for (const line of output.match(/^skipped: .*/gm) ?? []) console.log(line);
  return total;
}

async function testAll(files: readonly string[]): Promise<Count> {
  let sum: Count = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...files];
  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const count = await test(file);
      sum = addCounts(sum, count);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  return sum;
}

buildExecutable();
const files = testFiles(process.argv.slice(2));
if (files.length === 0) console.log('no test file of that name');
const sum = await testAll(files);
console.log(formatCount(sum));
process.exit(exitCodeOf(sum));
