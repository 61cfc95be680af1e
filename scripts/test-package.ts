/**
 * Builds a release and tests it: every build that this machine can start, the archives, the npm, .deb and .rpm packages,
 * and the container image. Needs the npm registry. Arguments select test files by a part of their name. `--as-is` as the first
 * argument tests the existing release.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { exitCodeOf, formatCount, runFiles } from './uvu-run.ts';

const root = path.dirname(import.meta.dirname);
const folder = 'test/package';

function makeRelease(): void {
  const scripts = ['package.ts', 'package-node.ts', ...(hasDebianTools() ? ['image.ts'] : [])];
  for (const script of scripts) {
    execFileSync(process.execPath, [path.join('scripts', script)], { cwd: root, stdio: 'inherit' });
  }
}

/** The image contains packages of Debian. */
function hasDebianTools(): boolean {
  return ['apt-get', 'dpkg-deb'].every((name) => spawnSync(name, ['--version']).status === 0);
}

function testFiles(words: readonly string[]): string[] {
  return fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort()
    .map((name) => path.join(folder, name));
}

const [first, ...rest] = process.argv.slice(2);
const asIs = first === '--as-is';
if (!asIs) makeRelease();
const count = await runFiles(testFiles(asIs || first === undefined ? rest : [first, ...rest]), {
  timeLimitMs: 1_200_000,
});
console.log(formatCount(count));
process.exit(exitCodeOf(count));
