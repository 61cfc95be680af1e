import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { LockedPackage } from './lockfile.ts';
import { root } from './stamp.ts';

const cache = path.join(root, 'node_modules', '.cache', 'runtimes');

/** Reads a file of an npm package. Throws if the registry's package does not match the lockfile. */
export function readMember(locked: LockedPackage, member: string): Buffer {
  const words = ['-xzOf', fetchTarball(locked), `package/${member}`];
  return execFileSync('tar', words, { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Writes an executable of an npm package to `file`. */
export function unpackMember(locked: LockedPackage, member: string, file: string): void {
  fs.writeFileSync(file, readMember(locked, member), { mode: 0o755 });
}

/**
 * Returns the path of the cached tarball. Its integrity is checked each time, because the cache is as untrusted as the
 * registry.
 */
function fetchTarball({ name, version, integrity }: LockedPackage): string {
  const file = path.join(cache, `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`);
  if (!isIntact(file, integrity)) download(`${name}@${version}`, file);
  if (isIntact(file, integrity)) return file;
  fs.rmSync(file, { force: true });
  throw new Error(`${name}@${version} does not match the lockfile: ${integrity}`);
}

function isIntact(file: string, integrity: string): boolean {
  if (!fs.existsSync(file)) return false;
  const digest = crypto.createHash('sha512').update(fs.readFileSync(file)).digest('base64');
  return integrity === `sha512-${digest}`;
}

/** Downloads with npm, which applies the configured registry, proxy and certificates. */
function download(spec: string, file: string): void {
  const folder = `${file}.${process.pid}`;
  fs.mkdirSync(folder, { recursive: true });
  try {
    const words = ['pack', spec, '--pack-destination', folder, '--silent', '--no-update-notifier'];
    execFileSync('npm', words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const [name] = fs.readdirSync(folder);
    if (name === undefined) throw new Error(`npm pack ${spec} made no file`);
    fs.renameSync(path.join(folder, name), file);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
