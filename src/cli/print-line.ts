import type { Context } from '../context.ts';
import { wrapCommand } from '../wrap.ts';

/** Prints a message, wrapped to the width of a terminal. Data, such as a token or a diff, must not be wrapped. */
export function printLine(context: Context, message: string): void {
  const width = context.screen?.()?.columns ?? Number.POSITIVE_INFINITY;
  context.stdout(`${wrapCommand(message, width).join('\n')}\n`);
}
