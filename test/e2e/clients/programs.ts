import fs from 'node:fs';
import path from 'node:path';

/** The compiled helper's folder; built by `make build`. */
export const helperFolder = path.resolve(import.meta.dirname, '../../../dist');

/** The helper first, then what the system's packages installed: nothing from /usr/local. */
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

/** In CI what cannot be tested has failed; on a person's machine it is skipped by name. */
export function isCI(): boolean {
  return Boolean(process.env.CI);
}
