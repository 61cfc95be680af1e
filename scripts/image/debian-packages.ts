import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { unpackTar } from 'modern-tar';
import { root } from '../package/stamp.ts';
import { sha256 } from '../package/sums.ts';

/** A package of Debian in the image, pinned by its hash. */
export interface DebianPackage {
  readonly package: string;
  readonly architecture: string;
  readonly version: string;
  readonly sha256: string;
}

interface DebianFile {
  readonly name: string;
  readonly data: Buffer;
  readonly link?: string;
}

const release = 'bookworm';
const pinsFile = path.join(root, 'packaging', 'image', 'debian.json');
const cache = path.join(root, 'node_modules', '.cache', 'debian');

function readPins(): DebianPackage[] {
  return JSON.parse(fs.readFileSync(pinsFile, 'utf8'));
}

/** Returns the pinned packages with these names for an architecture, in this order. */
export function pinsFor(architecture: string, names: readonly string[]): DebianPackage[] {
  const pins = readPins().filter((pin) => [architecture, 'all'].includes(pin.architecture));
  return names.map((name) => {
    const pin = pins.find((each) => each.package === name);
    if (pin === undefined) throw new Error(`${pinsFile} has no ${name} for ${architecture}`);
    return pin;
  });
}

/** Returns the regular files and symlinks of a package, with names without a leading slash. */
export async function filesOf(pin: DebianPackage): Promise<DebianFile[]> {
  const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', cached(pin)], { maxBuffer: 2 ** 30 });
  const entries = await unpackTar(new Uint8Array(tar));
  return entries
    .filter(({ header: { type } }) => type === 'file' || type === 'symlink')
    .map(({ header: { name, type, linkname }, data }) => ({
      name: name.replace(/^\.\//, ''),
      data: Buffer.from(data ?? []),
      ...(type === 'symlink' ? { link: linkname ?? '' } : {}),
    }));
}

/** Downloads the pinned packages that are not in the cache. Throws if Debian has other versions. */
export function fetchPins(): void {
  const missing = readPins().filter((pin) => !isCached(pin));
  if (missing.length === 0) return;
  inApt((download) => {
    for (const pin of missing) {
      keep(download(pin));
      if (isCached(pin)) continue;
      throw new Error(
        `Debian has another version of ${pin.package} than ${pin.version}: run make image-pins, or set DEBIAN_MIRROR to a snapshot`,
      );
    }
  });
}

/** Pins the current version of each package. */
export function updatePins(): void {
  inApt((download) => {
    const pins = readPins().map((pin) => {
      const file = download(pin);
      const version = execFileSync('dpkg-deb', ['--field', file, 'Version'], { encoding: 'utf8' });
      return { ...pin, version: version.trim(), sha256: keep(file) };
    });
    fs.writeFileSync(pinsFile, `${JSON.stringify(pins, null, 2)}\n`);
  });
}

function cached(pin: Pick<DebianPackage, 'sha256'>): string {
  return path.join(cache, `${pin.sha256}.deb`);
}

/** Checks the hash each time, because the cache is as untrusted as the mirror. */
function isCached(pin: DebianPackage): boolean {
  return fs.existsSync(cached(pin)) && sha256(cached(pin)) === pin.sha256;
}

/** Moves a file into the cache; returns its hash. */
function keep(file: string): string {
  const hash = sha256(file);
  fs.mkdirSync(cache, { recursive: true });
  fs.copyFileSync(file, cached({ sha256: hash }));
  return hash;
}

/**
 * Calls `use` with a function that downloads the current version of a package with apt, which verifies Debian's
 * signature. apt uses its own directories, so that the lists and the packages of this machine do not matter.
 */
function inApt(use: (download: (pin: DebianPackage) => string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-apt-'));
  try {
    for (const name of ['state/lists/partial', 'cache/archives/partial'])
      fs.mkdirSync(path.join(folder, name), { recursive: true });
    fs.writeFileSync(path.join(folder, 'status'), '');
    fs.writeFileSync(path.join(folder, 'sources.list'), sources());
    fs.writeFileSync(path.join(folder, 'apt.conf'), configuration(folder));
    const apt = (cwd: string, ...words: readonly string[]) =>
      execFileSync('apt-get', ['-qq', ...words], {
        cwd,
        env: { ...process.env, APT_CONFIG: path.join(folder, 'apt.conf') },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    apt(folder, 'update');
    use((pin) => {
      const target = fs.mkdtempSync(path.join(folder, 'download-'));
      apt(
        target,
        'download',
        pin.architecture === 'all' ? pin.package : `${pin.package}:${pin.architecture}`,
      );
      const [name] = fs.readdirSync(target);
      if (name === undefined) throw new Error(`apt downloaded no ${pin.package}`);
      return path.join(target, name);
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A snapshot of an earlier date has expired, but its signature is still valid. */
function sources(): string {
  const mirror = process.env.DEBIAN_MIRROR || 'http://deb.debian.org/debian';
  const options = `[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=${process.env.DEBIAN_MIRROR ? 'no' : 'yes'}]`;
  const security = mirror.replace('/debian', '/debian-security');
  return [
    `deb ${options} ${mirror} ${release} main`,
    `deb ${options} ${security} ${release}-security main`,
    '',
  ].join('\n');
}

function configuration(folder: string): string {
  return `
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
`;
}
