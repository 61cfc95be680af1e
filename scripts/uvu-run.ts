import path from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ReadableStream as WebReadableStream } from 'node:stream/web';
import { stripVTControlCharacters } from 'node:util';

/** How many tests of one or more files passed, failed and were skipped. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Count = { passed: 0, failed: 0, skipped: 0 };

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which a file that has not ended is killed and counts as failed. */
  readonly timeLimit?: number;
  /** Shows the file's output; writes it to this process's standard output by default. */
  readonly show?: (text: string) => void;
  /** Runs only the tests whose name this chooses; a file may then run none. */
  readonly name?: string;
}

/** What a test file's run came to, with the processor seconds of its process and of all that it waited for. */
export interface FileCount extends Count {
  readonly cpuSeconds: number;
}

/** The part of Bun's own interface that is used: `node:child_process` does not tell the processor time. */
interface Child {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exited: Promise<number>;
  kill(signal: string): void;
  /** In microseconds. */
  resourceUsage(): { readonly cpuTime: { readonly total: bigint } } | undefined;
}
declare const Bun: { spawn(words: readonly string[], options: object): Child };

const chosenTests = path.resolve(import.meta.dirname, '../test/support/chosen-tests.ts');

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
  const count = parseTotals(output) ?? none;
  const ranNothing = count.passed + count.failed + count.skipped === 0;
  const failedOutsideTests = exitCode !== 0 && count.failed === 0;
  return ranNothing || failedOutsideTests ? { ...count, failed: 1 } : count;
}

/** Runs one test file in a process of its own, showing its output as it comes. */
export async function runFile(file: string, options: RunOptions = {}): Promise<FileCount> {
  const { env = process.env, timeLimit = 600_000, name } = options;
  const { show = (text: string) => process.stdout.write(text) } = options;
  const words = name === undefined ? [file] : ['--preload', chosenTests, file];
  const child = Bun.spawn([process.execPath, ...words], {
    env: name === undefined ? env : { ...env, TEST_NAME: name },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let output = '';
  const streams = [child.stdout, child.stderr].map((stream) =>
    Readable.fromWeb(stream as WebReadableStream<Uint8Array>)
      .setEncoding('utf8')
      .on('data', (text: string) => {
        output += text;
        show(text);
      }),
  );
  const timer = setTimeout(() => {
    show(`${file}: killed, had not ended after ${timeLimit / 1000} s\n`);
    child.kill('SIGKILL');
    // A grandchild may hold the pipes open, and their end would not come before its own.
    for (const stream of streams) stream.destroy();
  }, timeLimit);
  const ends = streams.map((stream) => finished(stream).catch(() => {}));
  const [exitCode] = await Promise.all([child.exited, ...ends]);
  clearTimeout(timer);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const choseNone = name !== undefined && exitCode === 0 && parseTotals(output) === undefined;
  return { ...(choseNone ? none : countFile(output, exitCode)), cpuSeconds };
}

/** Runs the files one after the other and adds up what uvu ran. */
export async function runFiles(files: readonly string[], options: RunOptions = {}): Promise<Count> {
  let sum = none;
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
