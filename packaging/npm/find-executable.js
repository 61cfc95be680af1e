import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

const require = createRequire(import.meta.url);

/** Returns the executable for this platform and the name of its package, or undefined if npm has not installed it. */
export function findExecutable() {
  const { platform, arch } = process;
  const own = `docker-credential-icr-${platform}-${arch}`;
  const suffix = platform === 'win32' ? '.exe' : '';
  // npm installs only the matching package; other package managers may install both.
  const name = isMusl() ? `${own}-musl` : own;
  try {
    return { name, file: require.resolve(`${name}/bin/docker-credential-icr${suffix}`) };
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

/**
 * Returns true if a file is the executable of the package `name` in this release. Another owner may have published a
 * package with this name.
 */
export function isReleased(name, file) {
  const sums = require('./executables.json');
  return sums[name] === crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

function isMusl() {
  if (process.platform !== 'linux') return false;
  // Without this setting, the report resolves the names of all interfaces, which takes seconds without a network.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}
