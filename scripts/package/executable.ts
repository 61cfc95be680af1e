import fs from 'node:fs';
import path from 'node:path';
import { compile } from '../build.ts';
import { writeClosedRuntime } from '../runtime.ts';
import { lockedPackage } from './lockfile.ts';
import { unpackMember } from './npm-tarball.ts';
import { root, type Stamp } from './stamp.ts';
import { bunTarget, executableName, type Target } from './targets.ts';

/**
 * Builds the executable of `target` and returns its path. The names of Bun's modules are hashes of
 * their paths as seen from where it runs: always as deep below the repository, so that a build
 * elsewhere gives the same bytes.
 */
export function buildFor(target: Target, stamp: Stamp): string {
  const folder = path.join(root, 'dist', 'targets', target.name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const bun = path.join(folder, 'bun');
  unpackMember(lockedPackage(target.bun), target.os === 'windows' ? 'bin/bun.exe' : 'bin/bun', bun);
  writeClosedRuntime(bun, bun);
  const file = path.join(folder, executableName(target));
  try {
    compile(path.join(root, 'src', 'main.ts'), file, [
      `--target=${bunTarget(target)}`,
      `--compile-executable-path=${bun}`,
      ...Object.entries(defines(stamp)).flatMap(([name, value]) => [
        '--define',
        `${name}=${value}`,
      ]),
    ]);
  } finally {
    fs.rmSync(bun);
  }
  fs.chmodSync(file, 0o755);
  return file;
}

/** What src/version.ts is told. */
export function defines({ version, commit }: Stamp): Record<string, string> {
  const short = commit.slice(0, 12) + (commit.endsWith('-dirty') ? '-dirty' : '');
  return { BUILD_VERSION: JSON.stringify(version), BUILD_COMMIT: JSON.stringify(short) };
}
