import fs from 'node:fs';
import path from 'node:path';
import { accessLogFolder } from '../config/folders.ts';
import { type Context, remainingMs } from '../context.ts';
import { withLock } from '../files/lock.ts';
import { existingDirectory } from '../files/own-directories.ts';
import { timeBeside } from '../files/server-time.ts';
import { visible } from '../visible.ts';
import { parseEntry } from './entry.ts';
import { appendToLog, entryNames, linesIn } from './log-file.ts';

/** The size at which the log is renamed: about 5,000 entries. */
const maxLogBytes = 1024 * 1024;
/** Limits the time of the `get` that collects. */
const maxEntries = 512;
const lockTimeoutMs = 1000;
/** A process writes its entry at once; an incomplete one is older only if the disk was full or the process was killed. */
const incompleteAfterMs = 60_000;

/**
 * Appends the entries of all processes to the log, and removes their files. If this process is killed between the two, a
 * later one appends them again, and readers ignore the repeated lines. Throws `storage`, or the system's error.
 */
export async function collectEntries(context: Context, maxBytes = maxLogBytes): Promise<void> {
  const folder = accessLogFolder(context);
  const directory = folder && existingDirectory(context, folder, 'own')?.path;
  if (directory === undefined || entryNames(context, directory).length === 0) return;
  await withLock(
    context,
    path.join(directory, 'access.lock'),
    () => move(context, directory, maxBytes),
    {
      timeoutMs: remainingMs(context, lockTimeoutMs),
      onTimeout: 'fail',
    },
  );
}

function move(context: Context, folder: string, maxBytes: number): void {
  const names = entryNames(context, folder).slice(0, maxEntries);
  const isOld = oldEntries(folder);
  const complete: string[] = [];
  let text = '';
  for (const name of names) {
    const [line = ''] = linesIn(context, folder, name);
    if (parseEntry(line) !== undefined) {
      text += `${visible(line)}\n`;
      complete.push(name);
    } else if (isOld(name)) complete.push(name);
  }
  if (text !== '') appendToLog(context, folder, text, maxBytes);
  for (const name of complete) fs.rmSync(path.join(folder, name), { force: true });
}

/** Returns false for anything but a regular file: this program has not created it. */
function oldEntries(folder: string): (name: string) => boolean {
  let now: number | undefined;
  return (name) => {
    const stat = fs.lstatSync(path.join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return false;
    now ??= timeBeside(path.join(folder, 'access.log'));
    return stat.mtimeMs < now - incompleteAfterMs;
  };
}
