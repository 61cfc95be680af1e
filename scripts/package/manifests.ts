import fs from 'node:fs';
import path from 'node:path';
import type { Location } from './location.ts';
import type { Stamp } from './stamp.ts';
import { sha256 } from './sums.ts';
import { archiveName, program, targets } from './targets.ts';
import { fillTemplate } from './template.ts';

const linux = ['linux-x64', 'linux-arm64'];
const unix = [...linux, 'darwin-x64', 'darwin-arm64'];

/** The templates in packaging/, and the archives that each names. */
const manifests: Readonly<Record<string, readonly string[]>> = {
  [`homebrew/${program}.rb`]: unix,
  [`scoop/${program}.json`]: ['windows-x64', 'windows-arm64'],
  'aur/PKGBUILD': linux,
  'nix/flake.nix': unix,
  [`mise/${program}.mise.toml`]: [...unix, 'windows-x64'],
  [`aqua/${program}.aqua.yaml`]: [...unix, 'windows-x64', 'windows-arm64'],
};

/**
 * Writes the manifests of the package managers for the archives in `folder`; returns their names. Omits a manifest if
 * one of its archives is missing.
 */
export function writeManifests(
  folder: string,
  { version }: Stamp,
  { baseUrl, homepage }: Location,
): string[] {
  const written: string[] = [];
  const common = {
    VERSION: version,
    PACMAN_VERSION: version.replaceAll('-', ''),
    HOMEPAGE: homepage,
    BASE_URL: baseUrl,
    URL: `${baseUrl}/v${version}`,
  };
  for (const [template, names] of Object.entries(manifests)) {
    const files = names.map((name) => [name, archiveOf(name, version)] as const);
    if (!files.every(([, file]) => fs.existsSync(path.join(folder, file)))) continue;
    const values = files.flatMap(([name, file]) => [
      [`ARCHIVE_${name}`, file],
      [`SHA256_${name}`, sha256(path.join(folder, file))],
    ]);
    const text = fillTemplate(template, { ...common, ...Object.fromEntries(values) });
    fs.writeFileSync(path.join(folder, path.basename(template)), text);
    written.push(path.basename(template));
  }
  return written;
}

function archiveOf(name: string, version: string): string {
  const target = targets.find((each) => each.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  return archiveName(target, version);
}
