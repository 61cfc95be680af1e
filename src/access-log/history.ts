import { accessLogFolder } from '../config/folders.ts';
import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { visible } from '../visible.ts';
import { collectEntries } from './collect.ts';
import { type AccessEntry, parseEntry } from './entry.ts';
import { entryNames, linesIn, logNames } from './log-file.ts';

/** Returns the entries of the access log, the oldest first. Throws `storage` if its directory cannot be read. */
export async function readHistory(context: Context): Promise<AccessEntry[]> {
  const folder = accessLogFolder(context);
  if (folder === undefined) return [];
  await tidy(context);
  // In this order, so that an entry that another process moves meanwhile is read at least once.
  const files = [...entryNames(context, folder), ...logNames];
  // A line is escaped when it is appended to the log.
  const lines = new Set(files.flatMap((name) => linesIn(context, folder, name).map(visible)));
  const entries = [...lines].flatMap((line) => parseEntry(line) ?? []);
  return entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

/** Appends the entries to the log. If that fails, for example because the disk is full, they are read from their own files. */
async function tidy(context: Context): Promise<void> {
  try {
    await collectEntries(context);
  } catch (error) {
    const reason = error instanceof HelperError ? inOneLine(error) : String(error);
    debug(context, `the access log was not written: ${reason}`);
  }
}

/** Returns the last use of each identity. An access log that cannot be read is a warning. */
export async function lastUses(context: Context): Promise<ReadonlyMap<string, AccessEntry>> {
  try {
    const entries = await readHistory(context);
    return new Map(entries.flatMap((entry) => (entry.identity ? [[entry.identity, entry]] : [])));
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message, error.hint);
    return new Map();
  }
}
