import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type ArchiveFile, gzip } from './archive.ts';
import type { Stamp } from './stamp.ts';
import { normalizeMetadata, writeTree } from './system-tree.ts';
import { program, type Target } from './targets.ts';
import { fillTemplate } from './template.ts';

/** The minimum version of glibc: the latest one in the output of `readelf --dyn-syms` for Bun's executables. */
const glibc = '2.17';
/** The default if MAINTAINER is not set. `.invalid` is a reserved domain. */
const defaultMaintainer = `${program} maintainers <maintainers@${program}.invalid>`;

interface SystemPackage {
  readonly target: Target;
  readonly executable: string;
  readonly documents: readonly ArchiveFile[];
  readonly stamp: Stamp;
  readonly homepage: string | undefined;
}

/** Writes a .deb and an .rpm of a target into `folder`; returns the names of those whose tools are installed. */
export function writeSystemPackages(given: SystemPackage, folder: string): string[] {
  const { target } = given;
  if (target.os !== 'linux' || target.libc !== 'glibc' || target.name.endsWith('-baseline'))
    return [];
  const scratch = path.join(path.dirname(given.executable), 'system');
  try {
    return [
      isInstalled('dpkg-deb') && deb(given, scratch, folder),
      isInstalled('rpmbuild') && rpm(given, scratch, folder),
    ].filter((name) => name !== false);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function isInstalled(tool: string): boolean {
  if (spawnSync(tool, ['--version']).error === undefined) return true;
  console.log(`${tool} is not installed: its package was not built`);
  return false;
}

function deb(
  { target, executable, documents, stamp, homepage }: SystemPackage,
  tree: string,
  folder: string,
): string {
  const doc = `usr/share/doc/${program}`;
  const version = systemVersion(stamp);
  const values = {
    VERSION: version,
    MAINTAINER: maintainer(),
    DATE: mailDate(stamp),
    YEAR: mailDate(stamp).slice(12, 16),
  };
  const others = [
    [`${doc}/copyright`, fillTemplate('debian/copyright', values)],
    [`${doc}/changelog.gz`, gzip(Buffer.from(fillTemplate('debian/changelog', values)))],
    [`usr/share/lintian/overrides/${program}`, fillTemplate('debian/lintian-overrides', {})],
  ] as const;
  const places = {
    zsh: 'usr/share/zsh/vendor-completions',
    others: others.map(([name, data]) => ({ name, data: Buffer.from(data) })),
  };
  const size = writeTree(tree, executable, documents, places, stamp.epoch);
  const arch = target.arch === 'x64' ? 'amd64' : 'arm64';
  fs.mkdirSync(path.join(tree, 'DEBIAN'));
  const control = fillTemplate('debian/control', {
    VERSION: version,
    ARCH: arch,
    MAINTAINER: maintainer(),
    INSTALLED_SIZE: String(size),
    GLIBC: glibc,
    HOMEPAGE: homepage === undefined ? '' : `\nHomepage: ${homepage}`,
  });
  fs.writeFileSync(path.join(tree, 'DEBIAN', 'control'), control);
  normalizeMetadata(tree, stamp.epoch);
  const name = `${program}_${version}_${arch}.deb`;
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(stamp.epoch) };
  // Every version of dpkg can read xz.
  const words = ['--root-owner-group', '-Zxz', '--build', tree, path.join(folder, name)];
  execFileSync('dpkg-deb', words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return name;
}

function rpm(
  { target, executable, documents, stamp, homepage }: SystemPackage,
  scratch: string,
  folder: string,
): string {
  const doc = `usr/share/doc/${program}`;
  const places = { license: `${doc}/LICENSE`, zsh: 'usr/share/zsh/site-functions', others: [] };
  fs.rmSync(scratch, { recursive: true, force: true });
  const tree = path.join(scratch, 'tree');
  writeTree(tree, executable, documents, places, stamp.epoch);
  const spec = path.join(scratch, `${program}.spec`);
  const values = {
    VERSION: systemVersion(stamp),
    GLIBC: glibc,
    MAINTAINER: maintainer(),
    // The format of an RPM changelog: Thu Jan 01 1970
    DATE: new Date(stamp.epoch * 1000)
      .toUTCString()
      .replace(/^(\w+), (\d+) (\w+) (\d+).*/, '$1 $3 $2 $4'),
    TREE: tree,
    HOMEPAGE: homepage === undefined ? '' : `\nURL: ${homepage}`,
  };
  fs.writeFileSync(spec, fillTemplate(`rpm/${program}.spec`, values));
  const arch = target.arch === 'x64' ? 'x86_64' : 'aarch64';
  const name = `${program}-${systemVersion(stamp)}-1.${arch}.rpm`;
  const defines = [`_topdir ${scratch}`, `_rpmdir ${scratch}/out`, '_rpmfilename result.rpm'];
  execFileSync(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      `--target=${arch}-linux`,
      ...defines.flatMap((each) => ['--define', each]),
      spec,
    ],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(stamp.epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  fs.copyFileSync(path.join(scratch, 'out', 'result.rpm'), path.join(folder, name));
  return name;
}

function maintainer(): string {
  return process.env.MAINTAINER || defaultMaintainer;
}

/** Returns the date in the format of a Debian changelog: Thu, 01 Jan 1970 00:00:00 +0000 */
function mailDate({ epoch }: Stamp): string {
  return new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
}

/** Converts the version: in both formats, `-` separates the package's revision, and `~` marks a pre-release. */
function systemVersion({ version }: Stamp): string {
  return version.replaceAll('-', '~');
}
