import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { compile } from '../../scripts/build.ts';

const bundles = new Map<string, string>();

/**
 * Bundles a program of the tests into a temporary directory that is removed at exit, and returns the path of the bundle.
 * A test that runs a program many times should bundle it: compiling about 150 modules in each process takes three
 * quarters of its processor time.
 */
export function bundle(program: string): string {
  let file = bundles.get(program);
  if (file === undefined) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-bundle-'));
    // Some tests run it without root privileges.
    fs.chmodSync(folder, 0o755);
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    const words = ['build', '--target=bun', '--splitting', `--outdir=${folder}`, program];
    execFileSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    file = path.join(folder, `${path.basename(program, '.ts')}.js`);
    bundles.set(program, file);
  }
  return file;
}

/** The name of the compiled stopped-command.ts in a directory that all test processes share. */
export const stoppedCommandName = 'stopped-command';

/**
 * Returns the path of the executable of stopped-command.ts, which stops or kills a command before a change to a file. It
 * uses a quarter of the processor time of the bundle. `make test` compiles it once for all test files.
 */
export function stoppedCommand(): string {
  const { TEST_SHARED: shared } = process.env;
  const folder = shared || os.tmpdir();
  const file = path.join(folder, shared ? stoppedCommandName : `icr-stopped-${process.pid}`);
  if (!fs.existsSync(file)) {
    compileStoppedCommand(file);
    if (!shared) process.once('exit', () => fs.rmSync(file, { force: true }));
  }
  return file;
}

export function compileStoppedCommand(file: string): void {
  compile(path.join(import.meta.dirname, 'stopped-command.ts'), file);
}
