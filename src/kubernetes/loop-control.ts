/** The clock, random numbers and cancellation of a loop; tests pass their own. */
export interface LoopControl {
  readonly now: () => number;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
  /** Waits, or returns at once if the signal is aborted. */
  readonly pause: (milliseconds: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
}

/**
 * Returns the milliseconds before the next attempt: exponential from one second to a minute, less up to half of it at random,
 * because many clients can fail at the same time. `random` is from 0 to 1.
 */
export function backoffMs(failures: number, random: number): number {
  return Math.min(1000 * 2 ** (failures - 1), 60_000) * (1 - random / 2);
}
