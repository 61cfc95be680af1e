import type { Context } from './context.ts';

/**
 * Milliseconds that a machine command takes at most, everything that it waits for included. A second less than what is
 * promised: a busy machine needs some time for the program's start and end.
 */
export const answerLimitMs = 9000;

/** The context of a command that has to end in time. */
export function withDeadline(context: Context): Context {
  return { ...context, deadline: context.now() + answerLimitMs };
}

/** For work that must not be given up half done, and has a limit of its own. */
export function withoutDeadline(context: Context): Context {
  return { ...context, deadline: undefined };
}

/** The end of something that may take `limitMs`, in milliseconds since 1970: not after that of the command. */
export function deadlineOf({ now, deadline }: Context, limitMs: number): number {
  return Math.min(now() + limitMs, deadline ?? Number.POSITIVE_INFINITY);
}

/** How long something that may take `limitMs` has, in milliseconds; 0 or less if no time is left. */
export function remainingMs(context: Context, limitMs: number): number {
  return deadlineOf(context, limitMs) - context.now();
}
