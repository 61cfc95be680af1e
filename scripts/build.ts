import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { copyForSplitting } from './hot-chunk.ts';
import { writeHardenedRuntime } from './runtime.ts';

const root = path.dirname(import.meta.dirname);

/** The path of the executable that `buildExecutable` builds. */
export const executable = path.join(root, 'dist', 'docker-credential-icr');

/**
 * Defines for dependencies, in place of environment variables: with DEBUG=*, axios' proxy agent would print a proxy's
 * password.
 */
export const environmentDefines: Readonly<Record<string, string>> = {
  'process.env.DEBUG': 'undefined',
};

/**
 * Chosen with the measurements in docs/benchmarks.md. The autoload flags prevent a .env or bunfig.toml file in the
 * current directory from changing the program.
 */
const flags: readonly string[] = [
  '--compile',
  '--minify',
  '--splitting',
  '--bytecode',
  '--format=esm',
  // Without it, loading node:fs would start the compiler's threads, for code that runs once.
  '--compile-jit-policy=4',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  ...Object.entries(environmentDefines).map(([name, value]) => `--define=${name}=${value}`),
];

/** Compiles `entry` to the executable `outfile` with the Bun that runs this script. Both are absolute paths. */
export function compile(entry: string, outfile: string, extra: readonly string[] = []): void {
  const words = ['build', ...flags, ...extra, entry, '--outfile', outfile];
  // Bun writes a temporary file of 100 MB into the current directory, and leaves it there if it is killed.
  const cwd = path.dirname(outfile);
  fs.mkdirSync(cwd, { recursive: true });
  execFileSync(process.execPath, words, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Builds the executable and renames it into place, so that a process that starts at the same time gets the old or the
 * new version. It is built twice: the first build records the bytecode that `get` runs; the second places that bytecode
 * at the front and contains the hardened runtime.
 */
export function buildExecutable(): void {
  const aside = `${executable}.${process.pid}`;
  const define = ['--define', `BUILD_VERSION=${JSON.stringify(manifest.version)}`];
  const main = copyForSplitting();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-build-'));
  try {
    compile(main, aside, define);
    const order = recordBytecodeOrder(aside, folder);
    const runtime = path.join(folder, 'bun');
    writeHardenedRuntime(process.execPath, runtime);
    const words = [`--bytecode-order=${order}`, `--compile-executable-path=${runtime}`];
    compile(main, aside, [...define, ...words]);
    fs.renameSync(aside, executable);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * Runs `get` once with the access log, and returns the file in which Bun recorded the order of the bytecode that ran.
 */
export function recordBytecodeOrder(program: string, folder: string): string {
  const order = path.join(folder, 'order');
  const config = path.join(folder, 'config');
  const log = path.join(config, 'access-log');
  const env = { ...process.env, DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config };
  const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'none' };
  execFileSync(program, ['store'], { env, input: JSON.stringify(credential) });
  const settings = JSON.stringify({ identities: {}, mappings: {}, accessLog: true });
  fs.writeFileSync(path.join(config, 'config.json'), settings, { mode: 0o600 });
  const recording = { ...env, BUN_BYTECODE_ORDER_OUT: order };
  // Repeated if this process is the one of many that collects all entries, so that builds are reproducible.
  do {
    fs.rmSync(log, { recursive: true, force: true });
    fs.mkdirSync(log, { mode: 0o700 });
    execFileSync(program, ['get'], { env: recording, input: credential.ServerURL });
  } while (fs.readdirSync(log).length !== 1);
  return order;
}

if (import.meta.main) {
  buildExecutable();
  console.log(`built ${path.relative(process.cwd(), executable)}`);
}
