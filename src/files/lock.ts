import { type Context, debug, sleep } from '../context.ts';
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
  readonly timeoutMs: number;
  /** The delay before the first retry. It should be the usual duration of the work, because each retry slows the holder down. */
  readonly initialDelayMs?: number;
  /** After the timeout, or if the lock cannot be created: run the action without the lock, or throw `storage`. */
  readonly onTimeout: 'proceed' | 'fail';
  /**
   * For an action that blocks the event loop, and so the heartbeat, for seconds, such as a keychain call: the time after
   * which the lock is stale, less than `timeoutMs`. The lock of a process that is known to run is then never stale.
   */
  readonly staleAfterMs?: number;
  /**
   * Called after each wait. If it returns a value, another process has done the work, and `action` does not run. `note` is
   * the note of the previous holder.
   */
  readonly poll?: (note: string | undefined) => T | undefined;
  /** For tests: the timer and the clock, in milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  readonly clock?: () => number;
}

/**
 * The work to do while the lock is held. `setNote` sets the note for waiting processes. `isHeld` returns false if another process has
 * taken over the lock because this one was suspended.
 */
export type Action<T> = (setNote: (note: string) => void, isHeld: () => boolean) => T | Promise<T>;

/** The delay between two retries; up to 20 ms of jitter are added. */
const retryDelayMs = 20;
const heartbeatMs = 250;
const defaultStaleAfterMs = 1500;
/** A busy machine may delay the heartbeat of a running process. */
const staleAfterMsIfRunning = 5000;

/**
 * Runs `action` while no other process holds the lock, which is the directory `folder`. A stale lock, of a process that was
 * killed or suspended, is taken over: at once if `/proc` shows that the process is gone, otherwise after 1.5 s without a
 * heartbeat, or `staleAfterMs`. The waiting process measures that time itself, so clocks need not be synchronized.
 */
export async function withLock<T>(
  context: Context,
  folder: string,
  action: Action<T>,
  options: LockOptions<T>,
): Promise<T> {
  const outcome = await waitForTurn(context, folder, options).catch(cannotLock);
  if (outcome instanceof CannotLock) {
    const { message, cause } = outcome;
    const reason = `cannot lock ${folder} (${message})`;
    if (options.onTimeout === 'fail') {
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
  return 'result' in outcome ? outcome.result : await runInTurn(outcome.turn, action);
}

/** Removes an unused lock. Throws `storage`, or the system's error. */
export function removeLock(context: Context, folder: string): void {
  const directory = existingDirectory(context, folder, 'own');
  if (directory !== undefined) removeTurns(directory.path);
}

/** An error of the lock's files, as opposed to an error of `poll`. */
class CannotLock extends Error {}

function cannotLock(error: unknown): CannotLock {
  if (error instanceof CannotLock) return error;
  throw error;
}

async function runInTurn<T>(turn: OwnTurn, action: Action<T>): Promise<T> {
  const heartbeat = setInterval(turn.beat, heartbeatMs);
  let lastNote: string | undefined;
  try {
    return await action((note) => {
      lastNote = note;
    }, turn.isLatest);
  } finally {
    clearInterval(heartbeat);
    turn.end(lastNote);
  }
}

/** The lock, or the result of `poll`. */
type Outcome<T> = { readonly turn: OwnTurn } | { readonly result: T };

async function waitForTurn<T>(
  context: Context,
  named: string,
  options: LockOptions<T>,
): Promise<Outcome<T>> {
  const { timeoutMs, initialDelayMs = retryDelayMs, poll } = options;
  const { pause = sleep, clock = () => performance.now() } = options;
  const startedAt = clock();
  const self = thisHolder();
  const watch = watcher(clock, self, options.staleAfterMs);
  let waitedFor: number | undefined;
  let wait = initialDelayMs;
  for (;;) {
    // Checked in each iteration, because a cache cleaner may remove the directory at any time.
    const { path: folder } = attempt(() => requireDirectory(context, named));
    const latest = attempt(() => latestTurn(context, folder));
    if (waitedFor !== undefined && poll !== undefined) {
      const number = waitedFor;
      const previous =
        number === latest?.number ? latest : attempt(() => readTurn(context, folder, number));
      const result = poll(previous?.note);
      if (result !== undefined) return { result };
    }
    if (latest === undefined || latest.over || watch.isStale(latest)) {
      const isDamaged = latest !== undefined && isPastLimit(latest);
      if (isDamaged) attempt(() => setLockAside(context, folder));
      const next = isDamaged || latest === undefined ? 1 : latest.number + 1;
      const turn = attempt(() => takeTurn(folder, next, self));
      if (turn !== undefined) return { turn };
    } else {
      waitedFor = latest.number;
    }
    if (clock() - startedAt >= timeoutMs)
      throw new CannotLock(`another process has held it for ${timeoutMs / 1000} s`);
    await pause(wait + Math.random() * 20);
    wait = retryDelayMs;
  }
}

/** Detects stale locks by the time since the last heartbeat. */
function watcher(
  clock: () => number,
  self: Holder | undefined,
  staleAfterMs: number | undefined,
): { isStale: (turn: Turn) => boolean } {
  let lastTurn: Turn | undefined;
  let checkedAt = 0;
  let silentMs = 0;
  return {
    isStale: (turn) => {
      const isSame = lastTurn?.number === turn.number && lastTurn.beat === turn.beat;
      // A longer gap between two checks means that this process, or the machine, was suspended, and perhaps the holder too.
      silentMs = isSame ? silentMs + Math.min(clock() - checkedAt, heartbeatMs * 2) : 0;
      lastTurn = turn;
      checkedAt = clock();
      const health = healthOf(turn.holder, self);
      if (health === 'dead') return true;
      const isRunning = health === 'running';
      if (staleAfterMs !== undefined) return !isRunning && silentMs >= staleAfterMs;
      return silentMs >= (isRunning ? staleAfterMsIfRunning : defaultStaleAfterMs);
    },
  };
}

/** Runs an operation on the lock's files. Throws `CannotLock`. */
function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new CannotLock(systemCode(error) ?? String(error), { cause: error });
  }
}
