import { execFileSync } from 'node:child_process';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };

const root = path.dirname(import.meta.dirname);

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

/** Compiles `entry` to the executable `outfile` with the Bun that runs this. */
export function compile(entry: string, outfile: string, extra: readonly string[] = []): void {
  const words = ['build', ...flags, ...extra, entry, '--outfile', outfile];
  execFileSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

if (import.meta.main) {
  const outfile = path.join(root, 'dist', 'docker-credential-icr');
  const version = JSON.stringify(manifest.version);
  compile(path.join(root, 'src', 'main.ts'), outfile, ['--define', `BUILD_VERSION=${version}`]);
  console.log(`built ${path.relative(process.cwd(), outfile)}`);
}
