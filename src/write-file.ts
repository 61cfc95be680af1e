import fs from 'node:fs';
import path from 'node:path';
import type { Context } from './context.ts';
import { systemCode } from './errors.ts';
import { cannot, namesIn } from './files.ts';

const ownerOnly = 0o600;
/** Of a folder. */
const ownerEnters = 0o700;
/** Milliseconds; a write takes a few. */
const abandonedAfter = 60_000;

/**
 * Puts `text` in place of `file` whole or not at all: written aside under a name of its own, synced,
 * renamed, with mode 0600 in a 0700 folder. Throws `storage`; then the old file is as it was.
 */
export function writePrivate(context: Context, file: string, text: string): void {
  const folder = path.dirname(file);
  const asideFolder = path.join(folder, '.aside');
  const aside = path.join(asideFolder, uniqueName(context));
  try {
    makePrivateFolder(asideFolder);
    sweep(context, asideFolder);
    writeSynced(aside, text);
    fs.renameSync(aside, file);
    syncFolder(folder);
  } catch (error) {
    discard(aside);
    throw cannot('write', file, error);
  }
}

/** What a killed process left: half a secret that nobody would ever remove. */
function sweep({ now }: Context, asideFolder: string): void {
  for (const name of fs.readdirSync(asideFolder)) {
    const file = path.join(asideFolder, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < now() - abandonedAfter) discard(file);
  }
}

/** Removes what was written aside for files of this folder, however young it is. Throws `storage`. */
export function discardAside(folder: string): void {
  const asideFolder = path.join(folder, '.aside');
  for (const name of namesIn(asideFolder)) discard(path.join(asideFolder, name));
}

/** Removes what was written aside; what cannot be removed now is swept another time. */
function discard(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // Most often it never came to be: the error that matters is the one before.
  }
}

function writeSynced(file: string, text: string): void {
  const descriptor = createPrivate(file);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Opens a new file to write, with mode 0600. Throws the system's error. */
export function createPrivate(file: string): number {
  const descriptor = fs.openSync(file, 'wx', ownerOnly);
  // A umask may take from the owner as well.
  if ((fs.fstatSync(descriptor).mode & ownerOnly) !== ownerOnly)
    fs.fchmodSync(descriptor, ownerOnly);
  return descriptor;
}

/** Makes a folder, and those above it, with mode 0700; returns what it made. Throws the system's error. */
export function makePrivateFolder(folder: string): string[] {
  if (fs.existsSync(folder)) return [];
  const above = makePrivateFolder(path.dirname(folder));
  try {
    fs.mkdirSync(folder, { mode: ownerEnters });
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && fs.existsSync(folder)) return above;
    throw error;
  }
  // What a umask has taken the owner's rights from, the owner could not enter.
  if ((fs.statSync(folder).mode & ownerEnters) !== ownerEnters) fs.chmodSync(folder, ownerEnters);
  return [...above, folder];
}

/** Makes a rename outlive a power cut. Some file systems (and Windows) cannot; the rename stands. */
function syncFolder(folder: string): void {
  try {
    const descriptor = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // Nothing that could be done about it would be better.
  }
}

let written = 0;

/** Unlike any other process's, without loading node:crypto: that costs half a millisecond. */
function uniqueName({ pid, now }: Context): string {
  written += 1;
  return `${pid}-${now().toString(36)}-${written}-${Math.random().toString(36).slice(2)}`;
}
