import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

/** How many tests of one or more files passed, failed and were skipped. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which a file that has not ended is killed and counts as failed. */
  readonly timeLimit?: number;
  /** Where the file's output is shown: this process's standard output unless told. */
  readonly show?: (text: string) => void;
}

const totals = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm;

/** The last totals uvu printed, or `undefined` where it printed none. */
export function parseTotals(output: string): Count | undefined {
  const last = [...stripVTControlCharacters(output).matchAll(totals)].at(-1);
  if (last === undefined) return undefined;
  const [total = 0, passed = 0, skipped = 0] = last.slice(1).map(Number);
  return { passed, failed: total - passed, skipped };
}

/**
 * What a finished file counts for. uvu ends with 0 when a `before` hook threw, when it found no
 * test, and when something called `process.exit`: none of these may pass for success.
 */
export function countFile(output: string, exitCode: number | null): Count {
  const count = parseTotals(output) ?? { passed: 0, failed: 0, skipped: 0 };
  const ranNothing = count.passed + count.failed + count.skipped === 0;
  const failedOutsideTests = exitCode !== 0 && count.failed === 0;
  return ranNothing || failedOutsideTests ? { ...count, failed: 1 } : count;
}

/** Runs one test file in a process of its own, showing its output as it comes. */
export function runFile(file: string, options: RunOptions = {}): Promise<Count> {
  const { env = process.env, timeLimit = 300_000 } = options;
  const { show = (text: string) => process.stdout.write(text) } = options;
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      show(text);
    });
  }
  const timer = setTimeout(() => {
    show(`${file}: killed, had not ended after ${timeLimit / 1000} s\n`);
    child.kill('SIGKILL');
    // A grandchild may hold the pipes open, and 'close' would wait for it.
    child.stdout.destroy();
    child.stderr.destroy();
  }, timeLimit);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve(countFile(output, exitCode));
    });
  });
}

/** Runs the files one after the other and adds up what uvu ran. */
export async function runFiles(files: readonly string[], options: RunOptions = {}): Promise<Count> {
  let sum: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    console.log(`\n${file}`);
    const count = await runFile(file, options);
    if (count.failed > 0) console.log(`${file}: ${formatCount(count)}`);
    sum = addCounts(sum, count);
  }
  return sum;
}

export function addCounts(a: Count, b: Count): Count {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** The line every test command ends with. */
export function formatCount({ passed, failed, skipped }: Count): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** Success: nothing failed, and there was something to run. */
export function exitCodeOf({ passed, failed, skipped }: Count): 0 | 1 {
  return failed === 0 && passed + skipped > 0 ? 0 : 1;
}
