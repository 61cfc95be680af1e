import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { lockedPackage, nodeLockfile } from './lockfile.ts';
import { readMember } from './npm-tarball.ts';
import { root } from './stamp.ts';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly license: string;
  /** The licence's own words, as the package has them. */
  readonly text: string;
}

/** What the helper runs on, inside its executable. */
export type Runtime = 'bun' | 'node';

/** Third-party notices: of every package of which something is in the executable, and of the runtime. */
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

/** Node's licence has those of what it links in it. */
function nodeNotice(): string {
  const node = lockedPackage('node26-linux-x64', nodeLockfile);
  const pkg = lockedPackage('@yao-pkg/pkg', nodeLockfile);
  const licence = readMember(node, 'LICENSE').toString().trim();
  return `## Node.js\n\n${licence}\n\n## pkg ${pkg.version} (MIT)\n\n${readMember(pkg, 'LICENSE').toString().trim()}\n`;
}

/** In the order of their names. What is installed and not bundled is not among them. */
export function bundledPackages(): BundledPackage[] {
  const folders = new Set(bundledFiles().flatMap((file) => packageFolder(file) ?? []));
  const packages = [...folders].map(readPackage);
  // One may be installed in two places.
  const unique = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]));
  return [...unique.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Paths below the repository, as the bundler met them. */
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

/** Throws where a package does not say under what it may be given away. */
function readPackage(folder: string): BundledPackage {
  const whole = path.join(root, folder);
  const { name, version, license, author } = JSON.parse(
    fs.readFileSync(path.join(whole, 'package.json'), 'utf8'),
  );
  const file = fs.readdirSync(whole).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
  if (file !== undefined && typeof license === 'string') {
    return { name, version, license, text: fs.readFileSync(path.join(whole, file), 'utf8').trim() };
  }
  // Some only name the licence.
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
