import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { systemCode } from '../errors.ts';
import { makePrivateFolder } from './own-directories.ts';
import { createPrivate } from './private-write.ts';
import { isTrustedOwner } from './trust.ts';

// A lock is a folder of numbered files, one a turn. Whoever creates the file after the latest one has
// the lock, and says in that file when the turn is over. So a lock that its holder left behind is never
// removed, only followed by the next turn, and two who follow it at once cannot both win: the
// file of a turn can be created once (O_EXCL).
//
// Files of earlier turns are swept away, so somebody slow may create one again that was there before.
// Everyone therefore looks once more after creating: a turn counts only if it is the latest. The latest file is
// never removed, so it always tells the slow from the next.

/** What is known about a turn from its file. */
export interface Turn {
  readonly number: number;
  /** Changes while its holder is alive. */
  readonly beat: number;
  /** Absent for the moment between creating the file and writing it. */
  readonly holder: unknown;
  readonly over: boolean;
  readonly note: string | undefined;
}

/** A turn of our own. */
export interface OwnTurn {
  /** Whether nobody has followed it, as those do who take us for lost. */
  readonly isLatest: () => boolean;
  readonly beat: () => void;
  /** The note is for those who wait. */
  readonly end: (note?: string) => void;
}

interface Content {
  readonly holder?: unknown;
  readonly over?: boolean;
  readonly note?: string;
}

type User = Pick<Context, 'uid'>;

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;

/** More than others can sweep away between two system calls: then it is no turn but a dead link. */
const mostLooks = 100;

/** The latest turn; `undefined` where there was none yet. Throws the system's error, or its own. */
export function latestTurn(context: User, folder: string): Turn | undefined {
  for (let look = 0; look < mostLooks; look += 1) {
    const number = highest(turnNumbers(folder));
    if (number === 0) return undefined;
    const turn = readTurn(context, folder, number);
    if (turn !== undefined) return turn;
    // It was swept away meanwhile, so there is a later one.
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

/** Returns undefined if that turn does not exist, or no longer. */
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
    const { holder, over = false, note } = parse(readStart(descriptor));
    return { number, beat: stat.mtimeMs, holder, over, note };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    // Under a umask that takes the owner's permissions it cannot be opened until its holder has set the mode.
    return { ...noTurn, number, beat: entry.mtimeMs, over: false };
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** Something else in the place of a turn's file never ends by itself: it counts as over, and is left as it is. */
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
 * Turns count up by one, so no lock ever reaches this number. Returns true if the files are not from this program
 * alone, and counting on would reach numbers that cannot be counted.
 */
export function isPastLimit({ number }: Turn): boolean {
  return number >= 1e12;
}

/** Renames a lock's directory, so that turns start from 1 in a new one. Nothing in it is removed. */
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

/** Half a line is what one sees while it is being written. */
function parse(text: string): Content {
  try {
    const { holder, over, note } = JSON.parse(text);
    return { holder, over: over === true, ...(typeof note === 'string' ? { note } : {}) };
  } catch {
    return {};
  }
}

/** Takes the turn, or gives `undefined`: somebody else has it. Throws the system's error. */
export function takeTurn(folder: string, number: number, holder: unknown): OwnTurn | undefined {
  makePrivateFolder(folder);
  const file = path.join(folder, String(number));
  const descriptor = create(file);
  if (descriptor === undefined) return undefined;
  try {
    fs.writeSync(descriptor, JSON.stringify({ holder } satisfies Content));
    const numbers = turnNumbers(folder);
    if (highest(numbers) === number) {
      // The turn before stays: somebody may not have seen yet how it ended.
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
    // ENOENT: somebody is deleting the whole folder.
    if (['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

function abandon(descriptor: number, file: string): void {
  fs.closeSync(descriptor);
  fs.rmSync(file, { force: true });
}

/** Returns true if the open file is still the one of that name: the directory may have been set aside. */
function isStill(file: string, descriptor: number): boolean {
  const [named, open] = [fs.lstatSync(file, { throwIfNoEntry: false }), fs.fstatSync(descriptor)];
  return named?.ino === open.ino && named.dev === open.dev;
}

function sweep(folder: string, number: number): void {
  try {
    fs.unlinkSync(path.join(folder, String(number)));
  } catch {
    // Another process was faster, it is a directory, or Windows keeps a file while somebody reads it; the next turn tries again.
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

/** Where it cannot be seen, whoever asks had better stop. */
function isLatest(folder: string, number: number, descriptor: number): boolean {
  try {
    const isOurs = isStill(path.join(folder, String(number)), descriptor);
    return isOurs && highest(turnNumbers(folder)) === number;
  } catch {
    return false;
  }
}

/** A sign that cannot be given (a full disk) costs the others a wait, but not us our work. */
function quietly(sign: () => void): void {
  try {
    sign();
  } catch {
    // They see the silence.
  }
}
