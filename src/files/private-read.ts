import fs from 'node:fs';
import path from 'node:path';
import type { Context, FileKind } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { shellQuoted } from '../visible.ts';
import { type Access, entryAt, existingDirectory, type OwnDirectory } from './own-directories.ts';
import { cannot, isAbsent, typeOf } from './storage-error.ts';
import { dangling, followLink } from './symlinks.ts';
import { foreign, isTrustedOwner, isWritableByOthers } from './trust.ts';

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
const ownerOnly = 0o600;
/** Clients may store secrets of 1 MiB, which are longer in JSON. */
const maxBytes = 16 * 1024 * 1024;

export interface ReadRules {
  /** If true, a symlink is followed if no other user controls it; if false, it is an error. */
  readonly links?: boolean;
  readonly access?: Access;
  /** If true, a mode wider than 0600 is changed to 0600. */
  readonly tighten?: boolean;
  /** If true, a mode with which others can write stays, as evidence that they may have changed the content. */
  readonly keepsWritable?: boolean;
  /** If true, a dangling symlink is an error; if false, it counts as a missing file. */
  readonly needsTarget?: boolean;
}

/** For files that only this program writes, such as cached tokens: no symlinks, no files of other users. */
export const strictly: ReadRules = { links: false, access: 'own' };

export const rulesFor: Readonly<Record<FileKind, ReadRules>> = {
  secret: {},
  settings: { keepsWritable: true },
  cached: strictly,
};

/**
 * Returns the text of a file that only its owner should read, and undefined if it does not exist. A wider mode is
 * narrowed with a warning: others could read the secret until now. Throws `storage` if it is not a regular file, another
 * user owns it or controls its path, or it cannot be read.
 */
export function readPrivate(
  context: Context,
  file: string,
  rules: ReadRules = {},
): string | undefined {
  const { links = true, access = 'read', tighten = true, keepsWritable = false } = rules;
  const directory = existingDirectory(context, path.dirname(file), access);
  if (directory === undefined) return undefined;
  const named = path.join(directory.path, path.basename(file));
  const stat = entryAt(named);
  if (stat === undefined) return undefined;
  const isFollowed = links && stat.isSymbolicLink();
  const target = isFollowed ? followLink(context, named) : named;
  if (target === undefined) {
    if (rules.needsTarget) throw dangling(named);
    return undefined;
  }
  // Before it is opened, because opening a device can have side effects.
  requireRegular(file, isFollowed ? fs.lstatSync(target) : stat);
  return read(context, { file, target, directory, tighten, keepsWritable });
}

interface Located {
  /** The path for messages. */
  readonly file: string;
  /** The path after following a symlink. */
  readonly target: string;
  readonly directory: OwnDirectory;
  readonly tighten: boolean;
  readonly keepsWritable: boolean;
}

function read(
  context: Context,
  { file, target, directory, tighten, keepsWritable }: Located,
): string | undefined {
  let descriptor: number | undefined;
  try {
    // Non-blocking: opening a FIFO would wait for a writer.
    descriptor = fs.openSync(target, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const stat = fs.fstatSync(descriptor);
    requireRegular(file, stat);
    requireReadable(context, file, stat, directory);
    const isKept = keepsWritable && isWritableByOthers(context, stat);
    if (tighten && !isKept) narrowMode(context, descriptor, file, stat);
    return fs.readFileSync(descriptor, 'utf8');
  } catch (error) {
    if (error instanceof HelperError) throw error;
    if (descriptor === undefined && isAbsent(error)) return undefined;
    throw cannot('read', file, error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

function requireRegular(file: string, stat: fs.Stats): void {
  const problem = !stat.isFile()
    ? `is ${typeOf(stat)}, not a regular file`
    : 'is larger than 16 MiB';
  if (stat.isFile() && stat.size <= maxBytes) return;
  throw new HelperError('storage', `${file} ${problem}`, { hint: 'move it away' });
}

/** Root may also read a file whose owner is that of the directory. */
function requireReadable(context: Context, file: string, stat: fs.Stats, directory: OwnDirectory) {
  if (isTrustedOwner(context, stat)) return;
  if (context.uid === 0 && stat.uid === directory.stat.uid) return;
  throw foreign(context, file, stat);
}

/** Changes the mode to 0600 with a warning; a file of another user is not changed, not even by root. */
function narrowMode(context: Context, descriptor: number, file: string, stat: fs.Stats): void {
  if (context.readOnly || context.uid === undefined || (stat.mode & 0o077) === 0) return;
  try {
    if (stat.uid !== context.uid) throw new Error('another user owns it');
    fs.fchmodSync(descriptor, ownerOnly);
    context.warn(`other users could read ${file}; its mode is now 0600`);
  } catch {
    context.warn(`other users can read ${file}`, `run chmod 600 ${shellQuoted(file)}`);
  }
}

/** Returns the names in a directory except hidden ones; none if the directory does not exist. Throws `storage`. */
export function namesIn(context: Context, directory: string, access: Access = 'read'): string[] {
  const found = existingDirectory(context, directory, access);
  if (found === undefined) return [];
  try {
    return fs.readdirSync(found.path).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw cannot('read', directory, error);
  }
}

/** Returns true if a file, symlink or anything else with that name exists. Throws `storage` if it cannot be checked. */
export function isPresent(context: Context, file: string): boolean {
  const directory = existingDirectory(context, path.dirname(file), 'read');
  if (directory === undefined) return false;
  return entryAt(path.join(directory.path, path.basename(file))) !== undefined;
}
