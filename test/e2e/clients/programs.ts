import path from 'node:path';
import { isExecutable } from '../../../src/files/executables.ts';

/** The directory with the executable that `make build` creates. */
export const helperFolder = path.resolve(import.meta.dirname, '../../../dist');

/** Directories with other versions of the clients, which have precedence over the system packages. */
export const chosenFolders = (process.env.CLIENTS_PATH ?? '')
  .split(':')
  .filter((folder) => folder !== '');

/** The helper first, then programs of system packages. /usr/local is not used. */
export const searchPath = [
  ...[helperFolder, ...chosenFolders],
  ...['/usr/bin', '/usr/sbin', '/bin', '/sbin'],
];

/** Returns the path of a program, or undefined if it is not installed. */
export function findProgram(program: string): string | undefined {
  return searchPath.map((folder) => path.join(folder, program)).find(isExecutable);
}

export function isInstalled(program: string): boolean {
  return findProgram(program) !== undefined;
}

/** Programs that Debian 12 does not have. Without them, their tests are skipped in CI as well. */
const notInDebian: readonly string[] = ['docker-buildx', 'oras', 'crane', 'cosign'];

/** Returns the programs that are not installed, and whether tests that need them are skipped. */
export function findMissing(programs: readonly string[]): { names: string; isSkipped: boolean } {
  const missing = programs.filter((program) => !isInstalled(program));
  const isRequired = isCI() && missing.some((program) => !notInDebian.includes(program));
  return { names: missing.join(', '), isSkipped: missing.length > 0 && !isRequired };
}

/** Returns true in CI, where missing programs are a failure. Elsewhere, their tests are skipped by name. */
export function isCI(): boolean {
  return Boolean(process.env.CI);
}
