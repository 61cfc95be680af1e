import type { Context, Files } from '../../src/context.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';

/** A Context for tests: an empty environment, a fixed clock, and recorded output. */
export interface TestContext extends Context {
  /** Everything that was written to standard output. */
  readonly output: string[];
  /** Warnings, with their hints. */
  readonly warnings: string[];
}

/** Noon on the first day of 2026, in milliseconds since 1970. */
export const noon = Date.UTC(2026, 0, 1, 12);

export function testContext(given: Partial<Context> = {}): TestContext {
  const output: string[] = [];
  const warnings: string[] = [];
  return {
    env: {},
    platform: process.platform,
    stdin: 0,
    readInput: async () => new Uint8Array(),
    stdout: (text) => void output.push(text),
    answer: async (text) => void output.push(text),
    files: nodeFiles,
    warn: (line, hint) => void warnings.push(hint === undefined ? line : `${line}\nhint: ${hint}`),
    now: () => noon,
    pid: process.pid,
    uid: process.geteuid?.(),
    umask: (mask) => process.umask(mask),
    actAs: () => () => {},
    terminal: () => undefined,
    onSignals: () => () => {},
    runSync: () => ({ status: null, output: '', errors: '', failure: 'ENOENT' }),
    ...given,
    output,
    warnings,
  };
}

/** Returns the file reader on `node:fs`, and the number of its calls. */
export function countingFiles(): { readonly files: Files; readonly calls: () => number } {
  let count = 0;
  const files: Files = {
    ...nodeFiles,
    read: (context, file, kind) => {
      count += 1;
      return nodeFiles.read(context, file, kind);
    },
    isPresent: (context, file) => {
      count += 1;
      return nodeFiles.isPresent(context, file);
    },
  };
  return { files, calls: () => count };
}
