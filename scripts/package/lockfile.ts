import fs from 'node:fs';
import path from 'node:path';
import { root } from './stamp.ts';

export interface LockedPackage {
  readonly version: string;
  /** `sha512-` and base64. */
  readonly integrity: string;
}

/** What package-lock.json says of a package at the top of node_modules. Throws where it says nothing. */
export function lockedPackage(name: string): LockedPackage {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const { version, integrity } = packages[`node_modules/${name}`] ?? {};
  if (typeof version !== 'string' || !/^sha512-[\w+/]{86}==$/.test(String(integrity))) {
    throw new Error(`package-lock.json has no sha512 of ${name}`);
  }
  return { version, integrity };
}
