import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Context } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { actAs } from '../../src/process-context.ts';

/** Creates a directory for one test and removes it when `use` returns. */
export function inFolder(use: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clients-'));
  try {
    use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export function contextWith(env: Context['env'], other: Partial<Context> = {}): Context {
  return {
    env,
    platform: 'linux',
    stdin: 0,
    readInput: async () => new Uint8Array(),
    stdout: () => undefined,
    answer: async () => undefined,
    files: nodeFiles,
    warn: () => undefined,
    now: Date.now,
    pid: 1,
    uid: process.geteuid?.(),
    umask: process.umask,
    actAs,
    terminal: () => undefined,
    onSignals: () => () => {},
    runSync: () => ({ status: null, output: '', errors: '', failure: 'ENOENT' }),
    ...other,
  };
}

/** Returns the error that `run` throws; fails if it does not throw. */
export function errorOf(run: () => unknown): HelperError {
  try {
    run();
  } catch (error) {
    if (error instanceof HelperError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
}
