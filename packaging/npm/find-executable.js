import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

const require = createRequire(import.meta.url);

/** This platform's executable and the name of its package, or `undefined` where npm has installed none. */
export function findExecutable() {
  const { platform, arch } = process;
  const own = `docker-credential-icr-${platform}-${arch}`;
  const suffix = platform === 'win32' ? '.exe' : '';
  // npm installs the right one only; other package managers may install both.
  const name = isMusl() ? `${own}-musl` : own;
  try {
    return { name, file: require.resolve(`${name}/bin/docker-credential-icr${suffix}`) };
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

/**
 * Whether a file is the executable of the package `name` that this release was made with: a package of
 * that name may be anybody's.
 */
export function isReleased(name, file) {
  const sums = require('./executables.json');
  return sums[name] === crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

function isMusl() {
  if (process.platform !== 'linux') return false;
  // Looking up every interface's name would take seconds where there is no network.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}
