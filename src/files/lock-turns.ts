import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { systemCode } from '../errors.ts';
import { makePrivateFolder } from './own-directories.ts';
import { createPrivate } from './private-write.ts';
import { isSameFile } from './regular-file.ts';
import { isTrustedOwner } from './trust.ts';

// A lock is a directory of numbered files, one for each turn of a process. The process that creates the file with the next
// number holds the lock, and writes to the file when its turn is over. A stale lock is not removed but followed by the next
// turn. Two processes cannot take the same turn, because a file can be created only once (O_EXCL).
//
// Files of earlier turns are deleted, so a slow process may create such a file again. A turn is therefore valid only if it
// is the latest, which a process checks after creating the file. The latest file is never deleted.

/** A turn, as read from its file. */
export interface Turn {
  readonly number: number;
  /** The time of the last heartbeat: the file's modification time in milliseconds. */
  readonly beat: number;
  /** Undefined between the creation of the file and the first write. */
  readonly holder: unknown;
  readonly over: boolean;
  readonly note: string | undefined;
}

/** A turn of this process. */
export interface OwnTurn {
  /** Returns false if another process has taken over the lock, or if that cannot be determined. */
  readonly isLatest: () => boolean;
  readonly beat: () => void;
  /** `note` is for waiting processes. */
  readonly end: (note?: string) => void;
}

interface Content {
  readonly holder?: unknown;
  readonly over?: boolean;
  readonly note?: string;
}

type User = Pick<Context, 'uid'>;

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;

/** Other processes do not delete more files than this meanwhile: then the latest entry cannot be opened. */
const maxAttempts = 100;

/** Returns the latest turn; undefined before the first one. Throws the system's error, or an `Error`. */
export function latestTurn(context: User, folder: string): Turn | undefined {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const number = highest(turnNumbers(folder));
    if (number === 0) return undefined;
    const turn = readTurn(context, folder, number);
    if (turn !== undefined) return turn;
    // The file was deleted meanwhile, so there is a later one.
  }
  throw new Error('cannot open its latest file');
}

function turnNumbers(folder: string): number[] {
  try {
    return fs.readdirSync(folder).filter(isNumber).map(Number);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function highest(numbers: readonly number[]): number {
  return numbers.reduce((most, each) => Math.max(most, each), 0);
}

function isNumber(name: string): boolean {
  return /^[1-9]\d{0,14}$/.test(name);
}

/** Returns undefined if the file of that turn does not exist. */
export function readTurn(context: User, folder: string, number: number): Turn | undefined {
  const file = path.join(folder, String(number));
  const entry = fs.lstatSync(file, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  if (!isTurnFile(context, entry)) return { ...noTurn, number };
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const stat = fs.fstatSync(descriptor);
    if (!isTurnFile(context, stat)) return { ...noTurn, number };
    return { number, beat: stat.mtimeMs, ...parse(readStart(descriptor)) };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    // It is being written; or the umask removes the owner's permissions, and its holder has not set the mode yet.
    return { ...noTurn, number, beat: entry.mtimeMs, over: false };
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** An entry that is not a file of this program counts as a finished turn and is not changed. */
const noTurn = { beat: 0, holder: undefined, over: true, note: undefined };

function isTurnFile(context: User, stat: fs.Stats): boolean {
  return stat.isFile() && isTrustedOwner(context, stat);
}

/** A file that was not written by this program can have any size. */
function readStart(descriptor: number): string {
  const bytes = Buffer.alloc(64 * 1024);
  return bytes.toString('utf8', 0, fs.readSync(descriptor, bytes, 0, bytes.length, 0));
}

/**
 * Returns true for a number that counting cannot have reached: the file is not from this program, and the next numbers
 * could exceed the safe integers.
 */
export function isPastLimit({ number }: Turn): boolean {
  return number >= 1e12;
}

/** Renames a lock's directory without deleting its files; turns then start from 1 in a new directory. */
export function setLockAside({ pid, now }: Context, folder: string): void {
  try {
    fs.renameSync(folder, `${folder}.damaged-${now().toString(36)}-${pid}`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes every turn, and the directory if nothing else is in it. Throws the system's error. */
export function removeTurns(folder: string): void {
  for (const number of turnNumbers(folder)) sweep(folder, number);
  fs.rmdirSync(folder);
}

/** Throws for a file that is being written. */
function parse(text: string): Pick<Turn, 'holder' | 'over' | 'note'> {
  const { holder, over, note } = JSON.parse(text);
  return { holder, over: over === true, note: typeof note === 'string' ? note : undefined };
}

/** Takes the turn; returns undefined if another process has it. Throws the system's error. */
export function takeTurn(folder: string, number: number, holder: unknown): OwnTurn | undefined {
  makePrivateFolder(folder);
  const file = path.join(folder, String(number));
  const descriptor = create(file);
  if (descriptor === undefined) return undefined;
  try {
    fs.writeSync(descriptor, JSON.stringify({ holder } satisfies Content));
    const numbers = turnNumbers(folder);
    if (highest(numbers) === number) {
      // The previous turn stays, because a waiting process may still need its note.
      for (const earlier of numbers) if (earlier < number - 1) sweep(folder, earlier);
      return own(folder, number, descriptor);
    }
  } catch (error) {
    abandon(descriptor, file);
    throw error;
  }
  abandon(descriptor, file);
  return undefined;
}

function create(file: string): number | undefined {
  try {
    return createPrivate(file);
  } catch (error) {
    // ENOENT: another process is deleting the directory.
    if (['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

function abandon(descriptor: number, file: string): void {
  fs.closeSync(descriptor);
  fs.rmSync(file, { force: true });
}

function sweep(folder: string, number: number): void {
  try {
    fs.unlinkSync(path.join(folder, String(number)));
  } catch {
    // It is already deleted, is a directory, or is open in another process (Windows). The next turn tries again.
  }
}

function own(folder: string, number: number, descriptor: number): OwnTurn {
  return {
    isLatest: () => isLatest(folder, number, descriptor),
    beat: () => {
      const now = new Date();
      quietly(() => fs.futimesSync(descriptor, now, now));
    },
    end: (note) => {
      const content: Content = { over: true, ...(note === undefined ? {} : { note }) };
      quietly(() => fs.ftruncateSync(descriptor));
      quietly(() => fs.writeSync(descriptor, JSON.stringify(content), 0));
      fs.closeSync(descriptor);
    },
  };
}

/** Returns false if it cannot be determined, so that the caller stops. */
function isLatest(folder: string, number: number, descriptor: number): boolean {
  try {
    const isSame = isSameFile(path.join(folder, String(number)), descriptor);
    return isSame && highest(turnNumbers(folder)) === number;
  } catch {
    return false;
  }
}

/** Ignores errors, such as a full disk: waiting processes then wait until the lock is stale. */
function quietly(update: () => void): void {
  try {
    update();
  } catch {
    // Nothing to do.
  }
}
