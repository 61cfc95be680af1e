import { type Context, debug } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { type Holder, healthOf, thisHolder } from './lock-holder.ts';
import {
  isPastLimit,
  latestTurn,
  type OwnTurn,
  readTurn,
  removeTurns,
  setLockAside,
  type Turn,
  takeTurn,
} from './lock-turns.ts';
import { existingDirectory, requireDirectory } from './own-directories.ts';

export interface LockOptions<T> {
  /** Milliseconds to wait for others at most. */
  readonly limit: number;
  /** Milliseconds before the second look, where the others' work takes longer: to look slows them down. */
  readonly patience?: number;
  /** What to do at the limit, or where the file system cannot lock: act all the same, or throw `storage`. */
  readonly otherwise: 'proceed' | 'fail';
  /**
   * Where the action stands still for seconds, as while it calls a keychain: milliseconds of silence after which its
   * holder is taken for lost, below `limit`. One that is seen to run is then waited for whatever it does.
   */
  readonly silence?: number;
  /**
   * Asked after each wait; an answer ends it, and `action` does not run: somebody else did the work. `note` is what
   * the holder that was waited for left.
   */
  readonly meanwhile?: (note: string | undefined) => T | undefined;
  /** For tests: waits, and the clock of waiting, in milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  readonly clock?: () => number;
}

/**
 * Runs under the lock; what it leaves is shown to those who wait. `isOurs` says whether the lock is still ours:
 * somebody who was stopped, and goes on, finds out that it was passed on.
 */
export type Action<T> = (leave: (note: string) => void, isOurs: () => boolean) => T | Promise<T>;

/** Milliseconds between two looks, and up to 20 more. */
const shortestWait = 20;
/** Milliseconds between two signs of life. */
const heartbeat = 250;
/** Milliseconds without a sign of life after which nobody waits any longer… */
const silence = 1500;
/** …and for a process that is seen to run: a busy machine may keep it from its next sign of life. */
const silenceOfTheBusy = 5000;

/**
 * Runs `action` while no other process does so under the same lock, `folder`. The lock of a process that was killed
 * or stopped is passed on: at once where the process table shows it, else after 1.5 s of silence, or `silence`. Silence
 * is measured by what the waiting process sees change, so clocks that differ do not matter.
 */
export async function withLock<T>(
  context: Context,
  folder: string,
  action: Action<T>,
  options: LockOptions<T>,
): Promise<T> {
  const won = await waitForTurn(context, folder, options).catch(cannotLock);
  if (won instanceof CannotLock) {
    const { message, cause } = won;
    const reason = `cannot lock ${folder} (${message})`;
    if (options.otherwise === 'fail') {
      throw cause instanceof HelperError
        ? cause
        : new HelperError('storage', reason, { hint: 'try again', cause });
    }
    debug(context, `${reason}; going on without`);
    return await action(
      () => {},
      () => true,
    );
  }
  return 'answer' in won ? won.answer : await act(won.turn, action);
}

/** Removes a lock that nobody has used for long. Throws `storage`, or the system's error. */
export function removeLock(context: Context, folder: string): void {
  const directory = existingDirectory(context, folder, 'own');
  if (directory !== undefined) removeTurns(directory.path);
}

/** Tells what keeps us from locking from what went wrong in `meanwhile`. */
class CannotLock extends Error {}

function cannotLock(error: unknown): CannotLock {
  if (error instanceof CannotLock) return error;
  throw error;
}

async function act<T>(turn: OwnTurn, action: Action<T>): Promise<T> {
  const beating = setInterval(turn.beat, heartbeat);
  let left: string | undefined;
  try {
    return await action((note) => {
      left = note;
    }, turn.isLatest);
  } finally {
    clearInterval(beating);
    turn.end(left);
  }
}

type Won<T> = { readonly turn: OwnTurn } | { readonly answer: T };

async function waitForTurn<T>(
  context: Context,
  named: string,
  options: LockOptions<T>,
): Promise<Won<T>> {
  const { limit, patience = shortestWait, meanwhile } = options;
  const { pause = sleep, clock = () => performance.now() } = options;
  const began = clock();
  const here = thisHolder();
  const watch = watcher(clock, here, options.silence);
  let waitedFor: number | undefined;
  let wait = patience;
  for (;;) {
    // Each time: whoever sweeps the cache may remove it meanwhile.
    const { path: folder } = attempt(() => requireDirectory(context, named));
    const latest = attempt(() => latestTurn(context, folder));
    if (waitedFor !== undefined && meanwhile !== undefined) {
      const number = waitedFor;
      const before =
        number === latest?.number ? latest : attempt(() => readTurn(context, folder, number));
      const answer = meanwhile(before?.note);
      if (answer !== undefined) return { answer };
    }
    if (latest === undefined || latest.over || watch.isLost(latest)) {
      const isDamaged = latest !== undefined && isPastLimit(latest);
      if (isDamaged) attempt(() => setLockAside(context, folder));
      const next = isDamaged || latest === undefined ? 1 : latest.number + 1;
      const turn = attempt(() => takeTurn(folder, next, here));
      if (turn !== undefined) return { turn };
    } else {
      waitedFor = latest.number;
    }
    if (clock() - began >= limit) throw new CannotLock(`others hold it for ${limit / 1000} s now`);
    await pause(wait + Math.random() * 20);
    wait = shortestWait;
  }
}

/** Says whether nobody is left to end a turn. */
function watcher(
  clock: () => number,
  here: Holder | undefined,
  longSilence: number | undefined,
): { isLost: (turn: Turn) => boolean } {
  let seen: Turn | undefined;
  let lookedAt = 0;
  let silent = 0;
  return {
    isLost: (turn) => {
      const same = seen?.number === turn.number && seen.beat === turn.beat;
      // A long gap is our own: we, or the whole machine, did not run, and so perhaps not the holder either.
      silent = same ? silent + Math.min(clock() - lookedAt, heartbeat * 2) : 0;
      seen = turn;
      lookedAt = clock();
      const health = healthOf(turn.holder, here);
      if (health === 'dead') return true;
      const isRunning = health === 'running';
      if (longSilence !== undefined) return !isRunning && silent >= longSilence;
      return silent >= (isRunning ? silenceOfTheBusy : silence);
    },
  };
}

/** Does something with the lock's files; what the system has against it keeps us from locking. */
function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    const message = systemCode(error) ?? (error instanceof Error ? error.message : '');
    throw new CannotLock(message, { cause: error });
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
