import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { copyForSplitting } from './hot-chunk.ts';
import { writeClosedRuntime } from './runtime.ts';

const root = path.dirname(import.meta.dirname);

/** Where the executable is after `buildExecutable`. */
export const executable = path.join(root, 'dist', 'docker-credential-icr');

/** What dependencies see in place of the environment: DEBUG=* lets axios' proxy agent print a proxy's password. */
export const closed: Readonly<Record<string, string>> = { 'process.env.DEBUG': 'undefined' };

/** Measured in docs/benchmarks.md; the two autoload flags keep a stranger's folder from running code. */
export const flags: readonly string[] = [
  '--compile',
  '--minify',
  '--splitting',
  '--bytecode',
  '--format=esm',
  // Loading node:fs would start the compiler's threads, for code that runs once.
  '--compile-jit-policy=4',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  ...Object.entries(closed).map(([name, value]) => `--define=${name}=${value}`),
];

/** Compiles `entry` to the executable `outfile`, absolute paths both, with the Bun that runs this. */
export function compile(entry: string, outfile: string, extra: readonly string[] = []): void {
  const words = ['build', ...flags, ...extra, entry, '--outfile', outfile];
  // Bun works on 100 MB in the current folder, and leaves them there when it is killed.
  const cwd = path.dirname(outfile);
  fs.mkdirSync(cwd, { recursive: true });
  execFileSync(process.execPath, words, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Renamed into place, so that whoever runs it meanwhile has the old one or the new one. Made twice: the
 * first says which of its bytecode a `get` runs, and the second has that together at the front and a runtime
 * that is closed.
 */
export function buildExecutable(): void {
  const aside = `${executable}.${process.pid}`;
  const define = ['--define', `BUILD_VERSION=${JSON.stringify(manifest.version)}`];
  const main = copyForSplitting();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-build-'));
  try {
    compile(main, aside, define);
    const order = recordOrder(aside, folder);
    const runtime = path.join(folder, 'bun');
    writeClosedRuntime(process.execPath, runtime);
    const words = [`--bytecode-order=${order}`, `--compile-executable-path=${runtime}`];
    compile(main, aside, [...define, ...words]);
    fs.renameSync(aside, executable);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The file in which Bun wrote what `program` ran to answer a `get`. */
export function recordOrder(program: string, folder: string): string {
  const order = path.join(folder, 'order');
  const env = { ...process.env, DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, 'config') };
  const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'none' };
  execFileSync(program, ['store'], { env, input: JSON.stringify(credential) });
  const recording = { ...env, BUN_BYTECODE_ORDER_OUT: order };
  execFileSync(program, ['get'], { env: recording, input: credential.ServerURL });
  return order;
}

if (import.meta.main) {
  buildExecutable();
  console.log(`built ${path.relative(process.cwd(), executable)}`);
}
