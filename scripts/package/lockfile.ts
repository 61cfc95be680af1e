import fs from 'node:fs';
import path from 'node:path';
import { root } from './stamp.ts';

export interface LockedPackage {
  /** As the registry knows it. */
  readonly name: string;
  readonly version: string;
  /** `sha512-` and base64. */
  readonly integrity: string;
}

/** What the executables are built with. */
const repository = 'package-lock.json';
/** Node, and what packs it: only `make package-node` and the tests of what is packed need them. */
export const nodeLockfile = path.join('packaging', 'node', 'package-lock.json');

/** What a lockfile says of a package at the top of node_modules. Throws where it says nothing. */
export function lockedPackage(key: string, lockfile = repository): LockedPackage {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, lockfile), 'utf8'));
  const { name = key, version, integrity } = packages[`node_modules/${key}`] ?? {};
  if (typeof version !== 'string' || !/^sha512-[\w+/]{86}==$/.test(String(integrity))) {
    throw new Error(`${lockfile} has no sha512 of ${key}`);
  }
  return { name, version, integrity };
}

/** `name@version` of everything that is not there for development only. */
export function productionPackages(): string[] {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, repository), 'utf8'));
  const entries = Object.entries<{ version?: string; dev?: boolean }>(packages);
  return entries
    .filter(([key, { dev }]) => key !== '' && dev !== true)
    .map(([key, { version }]) => `${key.replace(/^.*node_modules\//, '')}@${version}`);
}

/** Its hash, in hexadecimal. */
export function sha512Of({ integrity }: LockedPackage): string {
  return Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');
}
