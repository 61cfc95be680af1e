import { type Context, debug } from './context.ts';
import { systemCode } from './errors.ts';

/** Reports a bug and returns the exit status. The runtime's own report would print a page of minified source. */
export function reportBug(context: Context, error: unknown): number {
  const name = error instanceof Error ? error.name : typeof error;
  context.warn(`internal error (${name})`, 'set DOCKER_CREDENTIAL_ICR_DEBUG=1 for details');
  debug(context, error instanceof Error ? stackOf(error) : String(error));
  return 1;
}

/**
 * Returns the stack. If the runtime rejected an argument (its error has a code) or could not parse a text, its message
 * quotes the value, which may be a secret and is removed.
 */
function stackOf(error: Error): string {
  const { message, stack = message } = error;
  if (systemCode(error) === undefined && !(error instanceof SyntaxError)) return stack;
  // Everything from the first quotation mark on, because the value may contain quotation marks.
  const safe = message.replace(/['"`].*/s, '…');
  return stack.replace(message, () => safe);
}
