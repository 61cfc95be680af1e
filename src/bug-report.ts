import { type Context, debug } from './context.ts';

/** Reports an error that is a bug; the runtime's own report would print a screen of packed source. Returns the exit status. */
export function reportBug(context: Context, error: unknown): number {
  const name = error instanceof Error ? error.name : typeof error;
  context.warn(`internal error (${name})`, 'set DOCKER_CREDENTIAL_ICR_DEBUG=1 for details');
  debug(context, error instanceof Error ? String(error.stack) : String(error));
  return 1;
}
