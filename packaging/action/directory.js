// The directory of a job: the executable, Docker's configuration, and the helper's settings, credentials and tokens.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { dockerFolder, exportVariable, required, saveState } from './runner.js';

const prefix = 'docker-credential-icr-';

/**
 * Returns the directory of this job. The first step that uses the action creates it, and its post step removes it; the
 * following ones share it.
 */
export function jobDirectory() {
  const earlier = path.dirname(process.env.DOCKER_CREDENTIAL_ICR_CONFIG_DIR ?? '');
  if (isJobDirectory(earlier) && fs.existsSync(earlier)) return earlier;
  const folder = fs.mkdtempSync(path.join(required('RUNNER_TEMP'), prefix));
  // Before anything else is written, so that the post step also removes the directory of a step that fails.
  saveState('directory', folder);
  const before = dockerFolder();
  saveState('docker-config', before);
  copyDockerFolder(before, path.join(folder, 'docker'));
  exportVariable('DOCKER_CONFIG', path.join(folder, 'docker'));
  exportVariable('DOCKER_CREDENTIAL_ICR_CONFIG_DIR', path.join(folder, 'config'));
  exportVariable('DOCKER_CREDENTIAL_ICR_CACHE_DIR', path.join(folder, 'cache'));
  return folder;
}

/** Returns true for a directory that this action created for a job of this runner. */
export function isJobDirectory(folder) {
  const { RUNNER_TEMP: temporary } = process.env;
  if (!temporary || !path.basename(folder).startsWith(prefix)) return false;
  return path.dirname(folder) === path.resolve(temporary);
}

/**
 * Keeps earlier logins, which are in a copy of config.json, and everything else that Docker reads there: plugins,
 * contexts, builders and certificates.
 */
function copyDockerFolder(from, to) {
  fs.mkdirSync(to, { mode: 0o700 });
  if (!fs.existsSync(from)) return;
  for (const name of fs.readdirSync(from)) {
    const [source, target] = [path.join(from, name), path.join(to, name)];
    // Undefined for a broken symlink.
    const stat = fs.statSync(source, { throwIfNoEntry: false });
    if (name === 'config.json' && stat?.isFile()) {
      fs.writeFileSync(target, fs.readFileSync(source), { mode: 0o600 });
    } else if (stat !== undefined) {
      fs.symlinkSync(source, target);
    }
  }
}
