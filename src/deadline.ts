import type { Context } from './context.ts';

/**
 * The time limit of a machine command, including everything that it waits for. It is a second less than the documented
 * 10 seconds, because starting and exiting take time on a busy machine.
 */
export const answerLimitMs = 9000;

/** Removes the deadline, for work that must not be aborted halfway and has its own time limit. */
export function withoutDeadline(context: Context): Context {
  return { ...context, deadline: undefined };
}

/** Returns the deadline of an operation that may take `limitMs`, at most the command's; in milliseconds since 1970. */
export function deadlineOf({ now, deadline }: Context, limitMs: number): number {
  return Math.min(now() + limitMs, deadline ?? Number.POSITIVE_INFINITY);
}

/** Returns the milliseconds until that deadline; 0 or less if it has passed. */
export function remainingMs(context: Context, limitMs: number): number {
  return deadlineOf(context, limitMs) - context.now();
}

/** Resolves after the time. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
