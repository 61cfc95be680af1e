import { type Context, debug } from './context.ts';
import { systemCode } from './errors.ts';

/** Reports an error that is a bug; the runtime's own report would print a screen of packed source. Returns the exit status. */
export function reportBug(context: Context, error: unknown): number {
  const name = error instanceof Error ? error.name : typeof error;
  context.warn(`internal error (${name})`, 'set DOCKER_CREDENTIAL_ICR_DEBUG=1 for details');
  debug(context, error instanceof Error ? stackOf(error) : String(error));
  return 1;
}

/**
 * The stack without the values that the runtime quotes when it rejects an argument (its error has a code) or text that it
 * parses: such a value may be a secret.
 */
function stackOf(error: Error): string {
  const { message, stack = message } = error;
  if (systemCode(error) === undefined && !(error instanceof SyntaxError)) return stack;
  // From the first quotation mark to the end: the value may contain others.
  const safe = message.replace(/['"`].*/s, '…');
  return stack.replace(message, () => safe);
}
