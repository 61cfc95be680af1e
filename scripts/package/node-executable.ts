import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type LockedPackage, lockedPackage, nodeLockfile } from './lockfile.ts';
import { unpackMember } from './npm-tarball.ts';
import { root } from './stamp.ts';
import { program } from './targets.ts';

/** An executable of Node to package, with its version and platform. */
export interface NodeRuntime {
  readonly file: string;
  readonly version: string;
  /** In the notation of Node and pkg: `linux-s390x`. */
  readonly platform: string;
}

/**
 * Returns the locked package of Node with that major version, for Linux on x64, from packaging/node/package-lock.json.
 */
export function lockedNode(major: number): LockedPackage {
  return lockedPackage(`node${major}-linux-x64`, nodeLockfile);
}

/** Unpacks the executable of Node into `folder`; returns its path. */
export function unpackNode(major: number, folder: string): string {
  const file = path.join(folder, `node${major}`);
  fs.mkdirSync(folder, { recursive: true });
  unpackMember(lockedNode(major), 'bin/node', file);
  return file;
}

/** Asks a Node executable for its version and platform. Throws if it is older than 22, which pkg requires. */
export function describeNode(file: string): NodeRuntime {
  const script = 'console.log(process.versions.node, process.platform, process.arch)';
  const answer = execFileSync(file, ['-e', script], { encoding: 'utf8' }).trim();
  const [version = '', os = '', arch] = answer.split(' ');
  if (Number.parseInt(version, 10) < 22)
    throw new Error(`${file} is Node ${version}, not 22 or later`);
  // pkg uses its own names for operating systems.
  const system =
    new Map([
      ['darwin', 'macos'],
      ['win32', 'win'],
    ]).get(os) ?? os;
  return { file, version, platform: `${system}-${arch}` };
}

/**
 * Packages the bundle in `folder` (main.js, package.json) and Node into one executable with pkg. pkg would download
 * Node from nodejs.org into its cache, so this function places Node there first.
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
    // On other systems, a signature covers the bytes.
    if (isLinux) replaceRandomName(outfile);
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

/** Makes the executable reproducible: it contains the path of pkg's temporary directory with six random letters. */
function replaceRandomName(executable: string): void {
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

/** Fills pkg's cache. pkg marks a file that it has downloaded, verified and unpacked with an `.ok` file. */
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

/** Returns the path of pkg's script. Throws if pkg is not installed. */
function pkg(): string {
  const folder = path.join(root, 'packaging', 'node', 'node_modules', '@yao-pkg', 'pkg');
  const file = path.join(folder, 'lib-es5', 'bin.js');
  if (!fs.existsSync(file)) throw new Error('pkg is not installed: npm ci --prefix packaging/node');
  return file;
}

/** Returns the package.json for pkg: it contains the main file and the files to include. */
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
