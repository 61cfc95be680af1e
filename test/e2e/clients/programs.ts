import fs from 'node:fs';
import path from 'node:path';

/** The directory with the executable that `make build` creates. */
export const helperFolder = path.resolve(import.meta.dirname, '../../../dist');

/** The helper first, then programs of system packages. /usr/local is not used. */
export const searchPath = [helperFolder, '/usr/bin', '/usr/sbin', '/bin', '/sbin'];

export function isInstalled(program: string): boolean {
  return searchPath.some((folder) => isExecutable(path.join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns true in CI, where missing programs are a failure. Elsewhere, their tests are skipped by name. */
export function isCI(): boolean {
  return Boolean(process.env.CI);
}
