import fs from 'node:fs';
import type { Context } from './context.ts';
import { HelperError, systemCode } from './errors.ts';

const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
const ownerOnly = 0o600;
/** Bytes; what a client may store has one MiB. */
const largest = 16 * 1024 * 1024;

/**
 * The text of a file that only its owner should read, or `undefined` where there is none. A wider
 * mode is tightened and said so: the secret inside was readable by others until now.
 * Throws `storage` for everything else that stands between us and the text.
 */
export function readPrivate(context: Context, file: string): string | undefined {
  let descriptor: number;
  try {
    // Asked first: an error thrown for a file that is not there costs more than reading it would.
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isFile() || stat.size > largest) refuseOdd(file, stat);
    // Not blocking: a named pipe put there would be waited for without end.
    descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    if (isAbsent(error)) return undefined;
    throw cannot('read', file, error);
  }
  try {
    tighten(context, descriptor, file);
    return fs.readFileSync(descriptor, 'utf8');
  } catch (error) {
    throw cannot('read', file, error);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A device may have no end. For a folder the system has a word of its own. */
function refuseOdd(file: string, stat: fs.Stats): void {
  if (stat.isDirectory()) return;
  const problem = stat.isFile() ? 'is larger than 16 MiB' : 'is no file';
  throw new HelperError('storage', `${file} ${problem}; move it away`);
}

/** Whether there can be no file of that name: no folder above it, or a longer name than any has. */
function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

function tighten(context: Context, descriptor: number, file: string): void {
  if (context.platform === 'win32') return;
  const stat = fs.fstatSync(descriptor);
  // A folder with that mode could not be entered any more.
  if (!stat.isFile() || (stat.mode & 0o077) === 0) return;
  try {
    fs.fchmodSync(descriptor, ownerOnly);
    context.warn(`others could read ${file}; its mode is now 0600`);
  } catch {
    context.warn(`others can read ${file}; run chmod 600 ${file}`);
  }
}

/** Removes a file; `false` where there was none. */
export function removeFile(file: string): boolean {
  try {
    fs.unlinkSync(file);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw cannot('remove', file, error);
  }
}

/** The names in a folder, hidden ones left out; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw cannot('read', folder, error);
  }
}

/** `storage`, with the system's own word for what went wrong, and what to look at. */
export function cannot(verb: string, file: string, error: unknown): HelperError {
  const reason = systemCode(error) ?? String(error);
  const hint = hints[reason];
  const line = `cannot ${verb} ${file} (${reason})${hint === undefined ? '' : `; ${hint}`}`;
  return new HelperError('storage', line, { cause: error });
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'check who owns it and its folder, and their modes',
  EPERM: 'check who owns it and its folder, and their modes',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk is full',
  EISDIR: 'a folder is in its place, move it away',
  ENOTDIR: 'what is in the place of its folder is none, move it away',
  EEXIST: 'what is in the place of its folder is none, move it away',
};
