import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type LockedPackage, lockedPackage, nodeLockfile } from './lockfile.ts';
import { unpackMember } from './npm-tarball.ts';
import { root } from './stamp.ts';
import { program } from './targets.ts';

/** An executable of Node to pack, and what it says it is. */
export interface NodeRuntime {
  readonly file: string;
  readonly version: string;
  /** As Node and pkg call it: `linux-s390x`. */
  readonly platform: string;
}

/** Node of that major version, for Linux on x64, as packaging/node/package-lock.json has it. */
export function lockedNode(major: number): LockedPackage {
  return lockedPackage(`node${major}-linux-x64`, nodeLockfile);
}

/** Unpacks its executable into `folder`; returns the path. */
export function unpackNode(major: number, folder: string): string {
  const file = path.join(folder, `node${major}`);
  fs.mkdirSync(folder, { recursive: true });
  unpackMember(lockedNode(major), 'bin/node', file);
  return file;
}

/** Asks a Node of this machine. Throws where it cannot be packed: pkg needs Node 22 or later. */
export function describeNode(file: string): NodeRuntime {
  const script = 'console.log(process.versions.node, process.platform, process.arch)';
  const answer = execFileSync(file, ['-e', script], { encoding: 'utf8' }).trim();
  const [version = '', os = '', arch] = answer.split(' ');
  if (Number.parseInt(version, 10) < 22)
    throw new Error(`${file} is Node ${version}, not 22 or later`);
  // pkg names the operating systems in its own way.
  const system =
    new Map([
      ['darwin', 'macos'],
      ['win32', 'win'],
    ]).get(os) ?? os;
  return { file, version, platform: `${system}-${arch}` };
}

/**
 * Packs the bundle in `folder` (main.js, package.json) and a Node into one executable with pkg. pkg
 * would download Node from nodejs.org into its own cache: here it finds ours there.
 */
export function packNode(node: NodeRuntime, bundle: string, outfile: string): void {
  const home = fs.mkdtempSync(path.join(path.dirname(outfile), '.pkg-'));
  try {
    fillCache(node, path.join(home, '.pkg-cache', 'sea'));
    const target = `node${node.version}-${node.platform}`;
    const words = [pkg(), '--sea', '--targets', target, '--output', outfile, bundle];
    const isLinux = node.platform.startsWith('linux');
    const env = {
      ...process.env,
      HOME: home,
      USERPROFILE: home,
      ...(isLinux && { TMPDIR: '/tmp' }),
    };
    execFileSync(node.file, words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    // Elsewhere its signature covers it.
    if (isLinux) settleName(outfile);
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

/** pkg leaves the name of the folder that it worked in inside, six letters of it by chance. */
function settleName(executable: string): void {
  const bytes = fs.readFileSync(executable);
  const name = '/tmp/pkg-sea-';
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    const letters = at + name.length;
    if (bytes.toString('latin1', letters + 6, letters + 18) === '/sea-main.js') {
      bytes.write('000000', letters);
    }
  }
  fs.writeFileSync(executable, bytes);
}

/** `.ok` is what pkg itself leaves beside what it has downloaded, checked and unpacked. */
function fillCache({ file, version, platform }: NodeRuntime, folder: string): void {
  const name = `node-v${version}-${platform.replace('macos', 'darwin')}`;
  const isWindows = platform.startsWith('win');
  const archive = path.join(folder, `${name}.${isWindows ? 'zip' : 'tar.gz'}`);
  const unpacked = isWindows
    ? path.join(folder, `${name}.exe`)
    : path.join(folder, name, 'bin', 'node');
  fs.mkdirSync(path.dirname(unpacked), { recursive: true });
  fs.copyFileSync(file, unpacked);
  for (const done of [archive, `${archive}.ok`, `${unpacked}.ok`]) fs.writeFileSync(done, '');
}

/** The script of pkg's command. Throws where it is not installed. */
function pkg(): string {
  const folder = path.join(root, 'packaging', 'node', 'node_modules', '@yao-pkg', 'pkg');
  const file = path.join(folder, 'lib-es5', 'bin.js');
  if (!fs.existsSync(file)) throw new Error('pkg is not installed: npm ci --prefix packaging/node');
  return file;
}

/** What pkg reads: which file begins, and that the others belong to it. */
export function bundleManifest(version: string): string {
  const manifest = {
    name: program,
    version,
    license: 'Apache-2.0',
    type: 'module',
    bin: 'main.js',
    pkg: { assets: ['*.js'] },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
