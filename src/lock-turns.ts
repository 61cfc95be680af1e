import fs from 'node:fs';
import path from 'node:path';
import { systemCode } from './errors.ts';
import { createPrivate, makePrivateFolder } from './write-file.ts';

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

/** More than others can sweep away between two system calls: then it is no turn but a dead link. */
const mostLooks = 100;

/** The latest turn; `undefined` where there was none yet. Throws the system's error, or its own. */
export function latestTurn(folder: string): Turn | undefined {
  for (let look = 0; look < mostLooks; look += 1) {
    const number = Math.max(0, ...turnNumbers(folder));
    if (number === 0) return undefined;
    const turn = readTurn(folder, number);
    if (turn !== undefined) return turn;
    // It was swept away meanwhile, so there is a later one.
  }
  throw new Error('its latest turn cannot be opened');
}

function turnNumbers(folder: string): number[] {
  try {
    return fs.readdirSync(folder).filter(isNumber).map(Number);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function isNumber(name: string): boolean {
  return /^[1-9]\d{0,14}$/.test(name);
}

/** `undefined` where there is no such turn, or no longer. */
export function readTurn(folder: string, number: number): Turn | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path.join(folder, String(number)), 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const beat = fs.fstatSync(descriptor).mtimeMs;
    const { holder, over = false, note } = parse(fs.readFileSync(descriptor, 'utf8'));
    return { number, beat, holder, over, note };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Half a line is what one sees while it is being written. */
function parse(text: string): Content {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
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
    if (Math.max(...numbers) === number) {
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

function sweep(folder: string, number: number): void {
  try {
    fs.rmSync(path.join(folder, String(number)), { force: true });
  } catch {
    // Windows keeps a file while somebody reads it; the next turn tries again.
  }
}

function own(folder: string, number: number, descriptor: number): OwnTurn {
  return {
    isLatest: () => isLatest(folder, number),
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
function isLatest(folder: string, number: number): boolean {
  try {
    return Math.max(...turnNumbers(folder)) === number;
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
