import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };

const root = path.dirname(import.meta.dirname);

/** Where the executable is after `buildExecutable`. */
export const executable = path.join(root, 'dist', 'docker-credential-icr');

/** Measured in docs/benchmarks.md; the two autoload flags keep a stranger's folder from running code. */
export const flags: readonly string[] = [
  '--compile',
  '--minify',
  '--splitting',
  '--bytecode',
  '--format=esm',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
];

/** Compiles `entry` to the executable `outfile`, absolute paths both, with the Bun that runs this. */
export function compile(entry: string, outfile: string, extra: readonly string[] = []): void {
  const words = ['build', ...flags, ...extra, entry, '--outfile', outfile];
  // Bun works on 100 MB in the current folder, and leaves them there when it is killed.
  const cwd = path.dirname(outfile);
  fs.mkdirSync(cwd, { recursive: true });
  execFileSync(process.execPath, words, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Renamed into place, so that whoever runs it meanwhile has the old one or the new one. */
export function buildExecutable(): void {
  const version = JSON.stringify(manifest.version);
  const aside = `${executable}.${process.pid}`;
  compile(path.join(root, 'src', 'main.ts'), aside, ['--define', `BUILD_VERSION=${version}`]);
  fs.renameSync(aside, executable);
}

if (import.meta.main) {
  buildExecutable();
  console.log(`built ${path.relative(process.cwd(), executable)}`);
}
