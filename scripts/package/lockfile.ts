import fs from 'node:fs';
import path from 'node:path';
import { root } from './stamp.ts';

export interface LockedPackage {
  /** The name in the registry. */
  readonly name: string;
  readonly version: string;
  /** `sha512-` followed by base64. */
  readonly integrity: string;
}

/** The lockfile for the executables. */
const repository = 'package-lock.json';
/** The lockfile for Node and pkg, which only `make package-node` and the tests of packages need. */
export const nodeLockfile = path.join('packaging', 'node', 'package-lock.json');

/**
 * Returns a locked package at the top level of node_modules. Throws if the lockfile does not contain it with a hash.
 */
export function lockedPackage(key: string, lockfile = repository): LockedPackage {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, lockfile), 'utf8'));
  const { name = key, version, integrity } = packages[`node_modules/${key}`] ?? {};
  if (typeof version !== 'string' || !/^sha512-[\w+/]{86}==$/.test(String(integrity))) {
    throw new Error(`${lockfile} has no sha512 of ${key}`);
  }
  return { name, version, integrity };
}

/** Returns `name@version` of all packages that are not development dependencies. */
export function productionPackages(): string[] {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, repository), 'utf8'));
  const entries = Object.entries<{ version?: string; dev?: boolean }>(packages);
  return entries
    .filter(([key, { dev }]) => key !== '' && dev !== true)
    .map(([key, { version }]) => `${key.replace(/^.*node_modules\//, '')}@${version}`);
}

/** Returns the package's hash in hexadecimal. */
export function sha512Of({ integrity }: LockedPackage): string {
  return Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');
}
