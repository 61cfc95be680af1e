import fs from 'node:fs';
import path from 'node:path';
import { compile, recordBytecodeOrder } from '../build.ts';
import { copyForSplitting } from '../hot-chunk.ts';
import { writeHardenedRuntime } from '../runtime.ts';
import { lockedPackage } from './lockfile.ts';
import { signMachO } from './mach-o-signature.ts';
import { unpackMember } from './npm-tarball.ts';
import { root, type Stamp } from './stamp.ts';
import { bunTarget, executableName, program, type Target } from './targets.ts';

/**
 * Builds the executable of `target` and returns its path. Bun derives module names from their paths relative to the
 * current directory, so the build directory always has the same depth below the repository: this makes builds in other
 * checkouts reproducible.
 */
export function buildFor(target: Target, stamp: Stamp): string {
  const folder = emptyFolder(target.name);
  const [bun, runtime] = ['bun', 'runtime'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  const file = path.join(folder, executableName(target));
  try {
    const member = target.os === 'windows' ? 'bin/bun.exe' : 'bin/bun';
    unpackMember(lockedPackage(target.bun), member, bun);
    writeHardenedRuntime(bun, runtime);
    compile(copyForSplitting(), file, [
      `--target=${bunTarget(target)}`,
      `--compile-executable-path=${runtime}`,
      ...orderFor(stamp),
      ...defineWords(stamp),
    ]);
  } finally {
    for (const each of [bun, runtime]) fs.rmSync(each, { force: true });
  }
  if (target.name === 'darwin-x64') fs.writeFileSync(file, signMachO(fs.readFileSync(file)));
  fs.chmodSync(file, 0o755);
  return file;
}

/**
 * Returns the options for the order of the bytecode. It is the same on every platform, so it is recorded with an executable
 * for this machine.
 */
function orderFor(stamp: Stamp): string[] {
  const folder = path.join(root, 'dist', 'targets', 'order');
  const list = path.join(folder, 'options.json');
  if (fs.existsSync(list)) return JSON.parse(fs.readFileSync(list, 'utf8'));
  emptyFolder('order');
  const file = path.join(folder, program);
  compile(copyForSplitting(), file, defineWords(stamp));
  const order = recordBytecodeOrder(file, folder);
  fs.rmSync(file);
  fs.writeFileSync(list, JSON.stringify(order));
  return order;
}

function emptyFolder(name: string): string {
  const folder = path.join(root, 'dist', 'targets', name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

/** Returns the values of the constants in src/program-name.ts. */
export function defines({ version, commit }: Stamp): Record<string, string> {
  const short = commit.slice(0, 12) + (commit.endsWith('-dirty') ? '-dirty' : '');
  return { BUILD_VERSION: JSON.stringify(version), BUILD_COMMIT: JSON.stringify(short) };
}

function defineWords(stamp: Stamp): string[] {
  return Object.entries(defines(stamp)).flatMap(([name, value]) => [
    '--define',
    `${name}=${value}`,
  ]);
}
