import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { lockedPackage, nodeLockfile } from './lockfile.ts';
import { readMember } from './npm-tarball.ts';
import { root } from './stamp.ts';

interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX identifier. */
  readonly license: string;
  /** The text of the license. */
  readonly text: string;
}

/** The runtime inside the executable. */
export type Runtime = 'bun' | 'node';

/** Returns the third-party notices of the bundled packages and the runtime. */
export function notices(runtime: Runtime): string {
  const parts = bundledPackages().map(
    ({ name, version, license, text }) => `## ${name} ${version} (${license})\n\n${text}\n`,
  );
  return [
    '# Third-party notices\n',
    'Parts of these packages are inside docker-credential-icr.\n',
    ...parts,
    runtime === 'bun' ? bunNotice() : nodeNotice(),
  ].join('\n');
}

function bunNotice(): string {
  const { version } = lockedPackage('bun');
  return readNotice('bun.md')
    .replaceAll('@BUN_VERSION@', version)
    .replace('@MIT@', mit())
    .replace(/@(LGPL|APACHE)-\d\.\d@/g, (name) =>
      readNotice(`${name.slice(1, -1).toLowerCase()}.txt`).trimEnd(),
    );
}

/** Node's license file includes those of its bundled libraries. */
function nodeNotice(): string {
  const node = lockedPackage('node26-linux-x64', nodeLockfile);
  const pkg = lockedPackage('@yao-pkg/pkg', nodeLockfile);
  const licence = readMember(node, 'LICENSE').toString().trim();
  return `## Node.js\n\n${licence}\n\n## pkg ${pkg.version} (MIT)\n\n${readMember(pkg, 'LICENSE').toString().trim()}\n`;
}

/** Returns the packages that are in the bundle, sorted by name. Packages that are only installed are not included. */
export function bundledPackages(): BundledPackage[] {
  const folders = new Set(bundledFiles().flatMap((file) => packageFolder(file) ?? []));
  const packages = [...folders].map(readPackage);
  // A package may be installed in two places.
  const unique = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]));
  return [...unique.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Returns the paths of the bundled files, relative to the repository. */
function bundledFiles(): string[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-notices-'));
  try {
    const metafile = path.join(folder, 'graph.json');
    const out = ['--outdir', path.join(folder, 'out'), `--metafile=${metafile}`];
    const words = ['build', path.join('src', 'main.ts'), '--target=bun', '--splitting', ...out];
    execFileSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    return Object.keys(JSON.parse(fs.readFileSync(metafile, 'utf8')).inputs);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function packageFolder(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

/** Reads a package's license. Throws if the license is missing. */
function readPackage(folder: string): BundledPackage {
  const whole = path.join(root, folder);
  const { name, version, license, author } = JSON.parse(
    fs.readFileSync(path.join(whole, 'package.json'), 'utf8'),
  );
  const file = fs.readdirSync(whole).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
  if (file !== undefined && typeof license === 'string') {
    return { name, version, license, text: fs.readFileSync(path.join(whole, file), 'utf8').trim() };
  }
  // Some packages have only the name of the license in package.json.
  if (license !== 'MIT') throw new Error(`${name} has no licence file`);
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  return { name, version, license, text: `Copyright (c) ${holder}\n\n${mit()}` };
}

function mit(): string {
  return readNotice('mit.md').trim();
}

function readNotice(name: string): string {
  return fs.readFileSync(path.join(root, 'packaging', 'notices', name), 'utf8');
}
