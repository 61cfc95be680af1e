/**
 * Runs the tests that need no root, each file in its own process, and two processes per processor. If
 * Debian's packages of the real keychains are not installed, their tests are skipped by name, or fail in CI. Arguments are
 * the directories with tests. TEST_FILES selects files, TEST_NAME selects tests by their name.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { compileStoppedCommand, stoppedCommandName } from '../test/support/bundle.ts';
import { chooseFiles, longestFirst, parallelFiles } from './test-files.ts';
import { makeTestFolder } from './test-folder.ts';
import { findVoidTests } from './test-guard.ts';
import { addCounts, type Count, exitCodeOf, formatCount, none, runFile } from './uvu-run.ts';

const root = path.dirname(import.meta.dirname);
const unitTests = 'test/unit';
const allTests = [unitTests, 'test/integration', 'test/e2e'];
/** scripts/test-clients.ts runs these tests, because they need root. */
const elsewhere = 'test/e2e/clients/';
const { TEST_FILES: wantedFiles = '', TEST_NAME: wantedName } = process.env;

function testFiles(folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) =>
      fs
        .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => path.posix.join(folder, name)),
    )
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith(elsewhere))
    .sort();
}

const isUnitTest = (file: string): boolean => file.startsWith(`${unitTests}/`);

/** Runs a file and prints one line for it and one for each skipped test. If a test fails, prints the whole output. */
async function test(file: string, env: NodeJS.ProcessEnv): Promise<Count> {
  const source = fs.readFileSync(path.join(root, file), 'utf8');
  if (source.includes('stoppedCommand()')) prepareStoppedCommand(env.TEST_SHARED ?? '');
  const findings = findVoidTests(source);
  let output = findings.map((finding) => `${file}: ${finding}\n`).join('');
  const start = performance.now();
  const { cpuSeconds, ...count } = await runFile(path.join(root, file), {
    env,
    show: (text) => {
      output += text;
    },
    ...(wantedName ? { name: wantedName } : {}),
  });
  const total = addCounts(count, { ...none, failed: findings.length });
  if (total.passed + total.failed + total.skipped === 0) return total;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${file}: ${formatCount(total)} (${seconds} s, processor ${cpuSeconds.toFixed(1)} s)`,
  );
  if (total.failed > 0) console.log(output);
  else for (const line of output.match(/^skipped: .*/gm) ?? []) console.log(line);
  return total;
}

/** Compiles the program once: test files that start at the same time would each compile it. */
function prepareStoppedCommand(shared: string): void {
  const file = path.join(shared, stoppedCommandName);
  if (!fs.existsSync(file)) compileStoppedCommand(file);
}

/** Builds the executable in another process. */
async function build(): Promise<void> {
  const child = spawn(process.execPath, [path.join(root, 'scripts', 'build.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) process.exit(1);
}

/** Runs unit tests while the executable is built, which only the other tests need, then the files in their order. */
async function testAll(files: readonly string[], env: NodeJS.ProcessEnv): Promise<Count> {
  let sum = none;
  const waiting = [...files];
  let isBuilt = files.every(isUnitTest);
  const building = isBuilt
    ? undefined
    : build().then(() => {
        isBuilt = true;
      });
  async function next(): Promise<string | undefined> {
    if (!isBuilt) {
      const index = waiting.findIndex(isUnitTest);
      if (index >= 0) return waiting.splice(index, 1)[0];
      await building;
    }
    return waiting.shift();
  }
  async function work(): Promise<void> {
    for (let file = await next(); file !== undefined; file = await next()) {
      const count = await test(file, env);
      sum = addCounts(sum, count);
    }
  }
  await Promise.all(Array.from({ length: parallelFiles }, work));
  return sum;
}

/** Removes the temporary files of the tests at exit, also after Ctrl-C. */
function removeAtEnd(folder: string): void {
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(1));
  }
}

const folders = process.argv.slice(2);
const files = chooseFiles(testFiles(folders.length > 0 ? folders : allTests), wantedFiles);
if (files.length === 0) console.log(`no test file matches ${wantedFiles}`);
const folder = makeTestFolder();
removeAtEnd(folder);
const shared = path.join(folder, 'shared');
fs.mkdirSync(shared, { mode: 0o700 });
const env = { ...process.env, TMPDIR: folder, TEST_SHARED: shared };
const sum = await testAll(longestFirst(files), env);
if (files.length > 0 && wantedName && exitCodeOf(sum) > 0 && sum.failed === 0) {
  console.log(`no test has a name that matches ${wantedName}`);
}
console.log(formatCount(sum));
process.exit(exitCodeOf(sum));
