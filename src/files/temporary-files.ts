import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { systemCode } from '../errors.ts';
import type { OwnDirectory } from './own-directories.ts';
import { cannot } from './storage-error.ts';

// A file is written under a temporary name beside it and renamed. The name begins with a hash of the target's name, so
// that whoever removes the target also finds what a killed process has left of it.

/** Milliseconds; a write takes a few. */
const staleAfterMs = 60_000;
const pattern = /^\.([0-9a-f]{8})-\d+-[0-9a-z]+-\d+-[0-9a-z]+\.tmp$/;
/** Of a temporary file of the package `conf`, after the target's name. */
const confPattern = /^\.tmp-\d{10}[0-9a-f]{6}$/;
/** Where versions up to 0.1.0 wrote, and how they named the files. */
const oldDirectory = '.aside';
const oldPattern = /^\d+-[0-9a-z]+-\d+-[0-9a-z]+$/;

let written = 0;

/** Returns an unused name for a temporary file of `target`. node:crypto would take half a millisecond to load. */
export function temporaryName({ pid, now }: Context, target: string): string {
  written += 1;
  const random = Math.random().toString(36).slice(2) || '0';
  return `.${hashOf(target)}-${pid}-${now().toString(36)}-${written}-${random}.tmp`;
}

export function isTemporary(name: string): boolean {
  return pattern.test(name);
}

/** Removes every temporary file of one target, or of all, however new it is. Throws `storage`. */
export function removeTemporaries(
  context: Context,
  directory: OwnDirectory,
  target?: string,
): void {
  const hash = target === undefined ? undefined : hashOf(target);
  const isMeant = (name: string) => {
    const found = pattern.exec(name)?.[1];
    return found !== undefined && (hash === undefined || found === hash);
  };
  removeMatching(directory.path, isMeant, Number.POSITIVE_INFINITY);
  // Their names do not show the target.
  removeOld(context, directory, Number.POSITIVE_INFINITY);
}

/**
 * Removes temporary files that killed processes have left. `referenceMs` is the modification time of a file that was
 * written just now in the same directory: a file server's clock can differ from the local one.
 */
export function removeStale(context: Context, directory: OwnDirectory, referenceMs: number): void {
  try {
    removeMatching(directory.path, isTemporary, referenceMs - staleAfterMs);
    removeOld(context, directory, referenceMs - staleAfterMs);
  } catch {
    // What cannot be removed now is removed by a later write.
  }
}

/** Removes those of the package `conf` beside their target, however new they are. Throws `storage`. */
export function removeConfTemporaries(target: string): void {
  const name = path.basename(target);
  const isMeant = (each: string) =>
    each.startsWith(name) && confPattern.test(each.slice(name.length));
  removeMatching(path.dirname(target), isMeant, Number.POSITIVE_INFINITY);
}

function removeOld({ uid }: Context, { path: parent }: OwnDirectory, olderThanMs: number): void {
  const old = path.join(parent, oldDirectory);
  const stat = fs.lstatSync(old, { throwIfNoEntry: false });
  if (!stat?.isDirectory() || (uid !== undefined && stat.uid !== uid)) return;
  removeMatching(old, (name) => oldPattern.test(name), olderThanMs);
  try {
    fs.rmdirSync(old);
  } catch {
    // It is not empty.
  }
}

function removeMatching(
  directory: string,
  isMeant: (name: string) => boolean,
  olderThanMs: number,
): void {
  for (const name of namesAt(directory).filter(isMeant)) {
    const file = path.join(directory, name);
    try {
      const stat = fs.lstatSync(file);
      if (stat.isFile() && stat.mtimeMs < olderThanMs) fs.unlinkSync(file);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw cannot('remove', file, error);
    }
  }
}

function namesAt(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw cannot('read', directory, error);
  }
}

/** FNV-1a with 32 bits, in hexadecimal. */
function hashOf(name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
