import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

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

/** Returns the bundle of stopped-command.ts, which stops or kills a command before a change to a file. */
export function stoppedCommand(): string {
  return bundle(path.join(import.meta.dirname, 'stopped-command.ts'));
}
