import fs from 'node:fs';
import path from 'node:path';
import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { namesIn, readPrivate, strictly } from '../files/private-read.ts';
import { cannot } from '../files/storage-error.ts';
import { foreign, isTrustedOwner } from '../files/trust.ts';

const { O_RDWR, O_CREAT, O_APPEND, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
const ownerOnly = 0o600;
const entryPattern = /^\d+-\d+-\w+\.entry$/;

/** Only this user can enter the directory, so a wider mode is not reported. */
const rules = { ...strictly, tighten: false };

/** The current log file, and the previous one, in the order in which they are read. */
export const logNames = ['access.log', 'access.log.1'] as const;

/** Returns the names of entries that are not in the log yet, in the order of their times. Throws `storage`. */
export function entryNames(context: Context, folder: string): string[] {
  return namesIn(context, folder, 'own')
    .filter((name) => entryPattern.test(name))
    .sort();
}

/** Returns the complete lines of a file. One that cannot be read or trusted has none. */
export function linesIn(context: Context, folder: string, name: string): string[] {
  try {
    const text = readPrivate(context, path.join(folder, name), rules) ?? '';
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    debug(context, error.message);
    return [];
  }
}

/**
 * Appends text to the log, and returns after that or with nothing appended. Renames the log first if it would be larger than
 * `maxBytes`. For the holder of the lock. Throws `storage`.
 */
export function appendToLog(
  context: Context,
  folder: string,
  text: string,
  maxBytes: number,
): void {
  const [current, previous] = logNames.map((name) => path.join(folder, name)) as [string, string];
  let descriptor: number | undefined;
  try {
    const found = fs.lstatSync(current, { throwIfNoEntry: false });
    const size = found?.isFile() ? found.size : 0;
    if (size > 0 && size + Buffer.byteLength(text) > maxBytes) fs.renameSync(current, previous);
    // Non-blocking: opening a FIFO would wait for a reader.
    const flags = O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW;
    descriptor = fs.openSync(current, flags, ownerOnly);
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) throw new HelperError('storage', `${current} is not a regular file`);
    if (!isTrustedOwner(context, stat)) throw foreign(context, current, stat);
    // The umask may have removed the owner's permissions.
    if ((stat.mode & ownerOnly) !== ownerOnly) fs.fchmodSync(descriptor, ownerOnly);
    appendWhole(descriptor, text, stat.size);
  } catch (error) {
    throw error instanceof HelperError ? error : cannot('write', current, error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/**
 * Appends on a new line, because a collector that was killed may have left part of one, and syncs, because the entries are
 * removed afterwards. If the disk is full, removes what was appended, so that the lines can be appended again later.
 */
function appendWhole(descriptor: number, text: string, size: number): void {
  try {
    const last = Buffer.alloc(1);
    const hasPartialLine =
      size > 0 && fs.readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
    fs.writeFileSync(descriptor, hasPartialLine ? `\n${text}` : text);
    fs.fsyncSync(descriptor);
  } catch (error) {
    fs.ftruncateSync(descriptor, size);
    throw error;
  }
}
