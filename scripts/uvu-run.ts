import path from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ReadableStream as WebReadableStream } from 'node:stream/web';
import { stripVTControlCharacters } from 'node:util';

/** The numbers of passed, failed and skipped tests. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Count = { passed: 0, failed: 0, skipped: 0 };

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** A file that takes longer is killed and counts as failed. */
  readonly timeLimitMs?: number;
  /** Receives the output of the file. The default writes it to standard output. */
  readonly show?: (text: string) => void;
  /** Selects tests by their name; a file without a matching test counts as empty. */
  readonly name?: string;
}

/** The result of a test file, with the processor time of its process and of the processes that it waited for. */
interface FileCount extends Count {
  readonly cpuSeconds: number;
}

/** The part of Bun's API that is used here: `node:child_process` does not report the processor time. */
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

/** Returns the last totals that uvu printed, or undefined if it printed none. */
export function parseTotals(output: string): Count | undefined {
  const last = [...stripVTControlCharacters(output).matchAll(totals)].at(-1);
  if (last === undefined) return undefined;
  const [total = 0, passed = 0, skipped = 0] = last.slice(1).map(Number);
  return { passed, failed: total - passed, skipped };
}

/**
 * Returns the result of a finished file. uvu exits with 0 if a `before` hook throws, if it finds no test, and if the
 * code calls `process.exit`: all of these count as failed.
 */
export function countFile(output: string, exitCode: number | null): Count {
  const count = parseTotals(output) ?? none;
  const ranNothing = count.passed + count.failed + count.skipped === 0;
  const failedOutsideTests = exitCode !== 0 && count.failed === 0;
  return ranNothing || failedOutsideTests ? { ...count, failed: 1 } : count;
}

/** Runs one test file in its own process, and shows its output immediately. */
export async function runFile(file: string, options: RunOptions = {}): Promise<FileCount> {
  const { env = process.env, timeLimitMs = 600_000, name } = options;
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
    show(`${file}: killed after ${timeLimitMs / 1000} s\n`);
    child.kill('SIGKILL');
    // Another process may keep the pipes open: their `end` event would come only after it exits.
    for (const stream of streams) stream.destroy();
  }, timeLimitMs);
  const ends = streams.map((stream) => finished(stream).catch(() => {}));
  const [exitCode] = await Promise.all([child.exited, ...ends]);
  clearTimeout(timer);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const choseNone = name !== undefined && exitCode === 0 && parseTotals(output) === undefined;
  return { ...(choseNone ? none : countFile(output, exitCode)), cpuSeconds };
}

/** Runs the files one after the other, and adds up the results. */
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

/** Returns the last line of each test command. */
export function formatCount({ passed, failed, skipped }: Count): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** Returns 0 if no test failed and at least one was found. */
export function exitCodeOf({ passed, failed, skipped }: Count): 0 | 1 {
  return failed === 0 && passed + skipped > 0 ? 0 : 1;
}
