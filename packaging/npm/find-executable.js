import { createRequire } from 'node:module';
import process from 'node:process';

const { resolve } = createRequire(import.meta.url);

/** The path of this platform's executable, or `undefined` where npm has installed none. */
export function findExecutable() {
  const { platform, arch } = process;
  const name = `docker-credential-icr-${platform}-${arch}`;
  const suffix = platform === 'win32' ? '.exe' : '';
  // npm installs the right one only; other package managers may install both.
  const folder = isMusl() ? `${name}-musl` : name;
  try {
    return resolve(`${folder}/bin/docker-credential-icr${suffix}`);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

function isMusl() {
  if (process.platform !== 'linux') return false;
  // Looking up every interface's name would take seconds where there is no network.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}
