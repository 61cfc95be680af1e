import fs from 'node:fs';
import path from 'node:path';
import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { namesIn, readPrivate, strictly } from '../files/private-read.ts';
import { cannot } from '../files/storage-error.ts';
import { foreign, isTrustedOwner } from '../files/trust.ts';

const { O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
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
    const flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW;
    descriptor = fs.openSync(current, flags, 0o600);
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) throw new HelperError('storage', `${current} is not a regular file`);
    if (!isTrustedOwner(context, stat)) throw foreign(context, current, stat);
    appendWhole(descriptor, text, stat.size);
  } catch (error) {
    throw error instanceof HelperError ? error : cannot('write', current, error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** If the disk is full, removes what was appended, so that the lines can be appended again later. */
function appendWhole(descriptor: number, text: string, size: number): void {
  try {
    fs.writeFileSync(descriptor, text);
  } catch (error) {
    fs.ftruncateSync(descriptor, size);
    throw error;
  }
}
