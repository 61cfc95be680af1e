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
  /** The timeout in milliseconds. */
  readonly limit: number;
  /** Milliseconds before the second look, if the holder's work takes longer: each look slows it down. */
  readonly initialDelayMs?: number;
  /** What to do after the timeout, or if the file system cannot lock: run the action without the lock, or throw `storage`. */
  readonly otherwise: 'proceed' | 'fail';
  /**
   * If the action shows no sign of life for seconds, as while it calls a keychain: milliseconds after which the lock is
   * stale, less than `limit`. The lock of a process that is seen to run is then never stale.
   */
  readonly silence?: number;
  /**
   * Called after each wait. If it returns a value, another process did the work, and `action` does not run. `note` is
   * what the holder that was waited for left.
   */
  readonly poll?: (note: string | undefined) => T | undefined;
  /** For tests: waits, and the clock of waiting, in milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  readonly clock?: () => number;
}

/**
 * Runs under the lock. `leave` sets the note for waiting processes. `isOurs` returns false if another process has taken
 * over the lock, as after this one was stopped.
 */
export type Action<T> = (leave: (note: string) => void, isOurs: () => boolean) => T | Promise<T>;

/** Milliseconds between two looks, and up to 20 more. */
const delayMs = 20;
/** Milliseconds between two signs of life. */
const heartbeatMs = 250;
/** Milliseconds without a sign of life after which a lock is stale. */
const staleAfterMs = 1500;
/** The same for a process that is seen to run: a busy machine may delay its next sign of life. */
const staleAfterMsIfRunning = 5000;

/**
 * Runs `action` while no other process does so under the same lock, the directory `folder`. The lock of a process that
 * was killed or stopped is taken over: at once if the process table shows it, otherwise after 1.5 s without a sign of
 * life, or `silence`. That time is measured by what the waiting process sees change, so different clocks do not matter.
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
    debug(context, `${reason}; continuing without the lock`);
    return await action(
      () => {},
      () => true,
    );
  }
  return 'answer' in won ? won.answer : await act(won.turn, action);
}

/** Removes a lock that has not been used for long. Throws `storage`, or the system's error. */
export function removeLock(context: Context, folder: string): void {
  const directory = existingDirectory(context, folder, 'own');
  if (directory !== undefined) removeTurns(directory.path);
}

/** Distinguishes an error of the lock's files from an error in `poll`. */
class CannotLock extends Error {}

function cannotLock(error: unknown): CannotLock {
  if (error instanceof CannotLock) return error;
  throw error;
}

async function act<T>(turn: OwnTurn, action: Action<T>): Promise<T> {
  const beating = setInterval(turn.beat, heartbeatMs);
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
  const { limit, initialDelayMs = delayMs, poll } = options;
  const { pause = sleep, clock = () => performance.now() } = options;
  const began = clock();
  const here = thisHolder();
  const watch = watcher(clock, here, options.silence);
  let waitedFor: number | undefined;
  let wait = initialDelayMs;
  for (;;) {
    // In each round: a cache cleaner may remove it at any time.
    const { path: folder } = attempt(() => requireDirectory(context, named));
    const latest = attempt(() => latestTurn(context, folder));
    if (waitedFor !== undefined && poll !== undefined) {
      const number = waitedFor;
      const before =
        number === latest?.number ? latest : attempt(() => readTurn(context, folder, number));
      const answer = poll(before?.note);
      if (answer !== undefined) return { answer };
    }
    if (latest === undefined || latest.over || watch.isStale(latest)) {
      const isDamaged = latest !== undefined && isPastLimit(latest);
      if (isDamaged) attempt(() => setLockAside(context, folder));
      const next = isDamaged || latest === undefined ? 1 : latest.number + 1;
      const turn = attempt(() => takeTurn(folder, next, here));
      if (turn !== undefined) return { turn };
    } else {
      waitedFor = latest.number;
    }
    if (clock() - began >= limit)
      throw new CannotLock(`another process has held it for ${limit / 1000} s`);
    await pause(wait + Math.random() * 20);
    wait = delayMs;
  }
}

/** Finds stale locks. */
function watcher(
  clock: () => number,
  here: Holder | undefined,
  longStaleAfterMs: number | undefined,
): { isStale: (turn: Turn) => boolean } {
  let seen: Turn | undefined;
  let lookedAt = 0;
  let silent = 0;
  return {
    isStale: (turn) => {
      const same = seen?.number === turn.number && seen.beat === turn.beat;
      // A long gap is our own: we, or the whole machine, did not run, and so perhaps not the holder either.
      silent = same ? silent + Math.min(clock() - lookedAt, heartbeatMs * 2) : 0;
      seen = turn;
      lookedAt = clock();
      const health = healthOf(turn.holder, here);
      if (health === 'dead') return true;
      const isRunning = health === 'running';
      if (longStaleAfterMs !== undefined) return !isRunning && silent >= longStaleAfterMs;
      return silent >= (isRunning ? staleAfterMsIfRunning : staleAfterMs);
    },
  };
}

/** Turns an error of the lock's files into `CannotLock`. */
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
