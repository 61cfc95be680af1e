import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { countFile } from '../uvu-run.ts';
import type { Mutant } from './make-mutants.ts';

export type Verdict = 'killed' | 'timeout' | 'survived';

/** A test file, and the milliseconds that it may take before a mutant counts as killed. */
export interface TimedTest {
  readonly file: string;
  readonly limitMs: number;
}

/** A copy of the project in which mutants are tried, one after the other. */
export interface Worker {
  /** The duration of a test file without a mutant, in milliseconds. Throws if it fails. */
  readonly measure: (test: string) => Promise<number>;
  /** Runs the tests until one of them fails, and moves that one to the beginning. */
  readonly attempt: (mutant: Mutant, tests: TimedTest[]) => Promise<Verdict>;
}

const running = new Set<ChildProcess>();
/** uvu prints it for each failed test, at once. */
const failedTest = '✘';
/** Milliseconds. */
const longestTestMs = 120_000;

/** Copies what the tests need from `root` to `folder`. */
export function createWorker(root: string, folder: string): Worker {
  const tree = path.join(folder, 'tree');
  const temporary = path.join(folder, 'tmp');
  for (const part of ['src', 'test', 'scripts', 'docs', 'package.json', 'tsconfig.json']) {
    fs.cpSync(path.join(root, part), path.join(tree, part), { recursive: true });
  }
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(tree, 'node_modules'));
  writeExecutable(tree);
  const run = async (test: string, limitMs: number) => {
    // A test that was killed has left its files behind.
    fs.rmSync(temporary, { recursive: true, force: true });
    fs.mkdirSync(temporary);
    return runTest(tree, test, temporary, limitMs);
  };
  return {
    measure: async (test) => {
      const began = performance.now();
      const verdict = await run(test, longestTestMs);
      if (verdict !== 'survived') throw new Error(`${test} fails without a mutant`);
      return performance.now() - began;
    },
    attempt: async ({ file, source }, tests) => {
      const original = fs.readFileSync(path.join(tree, file));
      fs.writeFileSync(path.join(tree, file), source);
      try {
        for (const test of [...tests]) {
          const verdict = await run(test.file, test.limitMs);
          if (verdict === 'survived') continue;
          // It is likely to kill the next mutant of the file, too.
          tests.unshift(...tests.splice(tests.indexOf(test), 1));
          return verdict;
        }
        return 'survived';
      } finally {
        fs.writeFileSync(path.join(tree, file), original);
      }
    },
  };
}

/** Tests of the executable run the source: to compile it for every mutant would take hours. */
function writeExecutable(tree: string): void {
  const file = path.join(tree, 'dist', 'docker-credential-icr');
  fs.mkdirSync(path.dirname(file));
  const main = path.join(tree, 'src', 'main.ts');
  fs.writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
}

function runTest(tree: string, test: string, temporary: string, limitMs: number): Promise<Verdict> {
  const child = spawn(process.execPath, [path.join(tree, test)], {
    cwd: tree,
    env: { PATH: process.env.PATH, HOME: temporary, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what a test has started ends with it.
    detached: true,
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      // The other tests of the file decide nothing any more.
      if (output.includes(failedTest)) killGroup(child);
    });
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child);
  }, limitMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      running.delete(child);
      killGroup(child);
      const hasFailed = countFile(output, exitCode).failed > 0;
      resolve(isLate ? 'timeout' : hasFailed ? 'killed' : 'survived');
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}

/** Ends every test that runs now. */
export function stopTests(): void {
  for (const child of running) killGroup(child);
}
