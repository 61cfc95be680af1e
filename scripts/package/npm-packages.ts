import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { ArchiveFile } from './archive.ts';
import { defines } from './executable.ts';
import { bundleForNode } from './node-bundle.ts';
import { repositoryOf } from './provenance.ts';
import { writeStaged } from './staged-file.ts';
import { root, type Stamp } from './stamp.ts';
import { sha256 } from './sums.ts';
import { executableName, program, type Target, targets } from './targets.ts';

/** The targets with an npm package. linux-x64-baseline has the same bytes as linux-x64. */
const npmTargets = targets.filter(({ name }) => !name.endsWith('-baseline'));

/** Returns the name of the npm package with the executable of a target. */
export function npmName({ os, arch, libc }: Target): string {
  const system = os === 'windows' ? 'win32' : os;
  return [program, system, arch, ...(libc === 'musl' ? [libc] : [])].join('-');
}

/** The SHA-256 of each executable, by the name of its npm package. */
export type ExecutableSums = Readonly<Record<string, string>>;

/**
 * Creates the main npm package in `folder`: the bundle for Node, and a script that replaces it with an executable if
 * its SHA-256 is in `sums`.
 */
export async function stageMain(
  folder: string,
  documents: readonly ArchiveFile[],
  stamp: Stamp,
  sums: ExecutableSums,
  homepage?: string,
): Promise<void> {
  const source = path.join(root, 'packaging', 'npm');
  const lib = path.join(folder, 'lib');
  await bundleForNode(lib, defines(stamp), { splitting: true });
  // npm packs the modes, which must not depend on the umask.
  for (const name of fs.readdirSync(lib)) fs.chmodSync(path.join(lib, name), 0o644);
  for (const name of ['find-executable.js', 'install.js', 'README.md']) {
    writeStaged(folder, name, fs.readFileSync(path.join(source, name)));
  }
  writeStaged(folder, 'executables.json', json(sums));
  writeStaged(
    folder,
    `bin/${program}.js`,
    fs.readFileSync(path.join(source, `${program}.js`)),
    0o755,
  );
  writeLicences(folder, documents);
  writeManifest(folder, {
    ...common(stamp, homepage),
    name: program,
    description: manifest.description,
    type: 'module',
    bin: { [program]: `bin/${program}.js` },
    engines: { node: '>=22.15' },
    scripts: { postinstall: 'node install.js' },
    optionalDependencies: Object.fromEntries(
      npmTargets.map((target) => [npmName(target), stamp.version]),
    ),
  });
}

/** Creates the npm package with the executable of one target; returns its checksum. */
export function stageExecutable(
  folder: string,
  target: Target,
  executable: string,
  documents: readonly ArchiveFile[],
  stamp: Stamp,
  homepage?: string,
): ExecutableSums {
  writeStaged(folder, `bin/${executableName(target)}`, fs.readFileSync(executable), 0o755);
  writeLicences(folder, documents);
  writeManifest(folder, {
    ...common(stamp, homepage),
    name: npmName(target),
    description: `The executable of ${program} for ${target.name}`,
    os: [target.os === 'windows' ? 'win32' : target.os],
    cpu: [target.arch],
    ...(target.libc && { libc: [target.libc] }),
    preferUnplugged: true,
  });
  return { [npmName(target)]: sha256(executable) };
}

/** Packs the directory into `out`; returns the name of the tarball. npm uses a fixed modification time. */
export function packStaged(folder: string, out: string): string {
  fs.mkdirSync(out, { recursive: true });
  const words = [
    'pack',
    '--pack-destination',
    out,
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
  ];
  const text = execFileSync('npm', words, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answer = JSON.parse(text);
  // npm 11 prints a list, npm 12 an object with one member for each package.
  const [packed] = Object.values<{ filename: string }>(answer);
  if (packed === undefined) throw new Error(`npm pack created no tarball of ${folder}`);
  return packed.filename;
}

/** Returns true if the target has an npm package. */
export function isOnNpm(target: Target): boolean {
  return npmTargets.includes(target);
}

function common({ version }: Stamp, homepage: string | undefined) {
  const repository = repositoryOf(process.env);
  return {
    version,
    license: manifest.license,
    ...(homepage && { homepage }),
    // npm compares it with the source repository in the provenance.
    ...(repository && { repository: { type: 'git', url: `git+${repository}.git` } }),
  };
}

function writeLicences(folder: string, documents: readonly ArchiveFile[]): void {
  for (const { name, data } of documents) {
    if (/^(LICENSE|THIRD-PARTY-NOTICES\.md)$/.test(name)) writeStaged(folder, name, data);
  }
}

function writeManifest(folder: string, contents: object): void {
  writeStaged(folder, 'package.json', json(contents));
}

function json(contents: object): Buffer {
  return Buffer.from(`${JSON.stringify(contents, null, 2)}\n`);
}
