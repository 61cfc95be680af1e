import { type Context, debug, processContext } from './context.ts';
import { isProtocolVerb, serve } from './protocol/serve.ts';

/** Runs a protocol verb or a command for people; returns the exit status. `input` is standard input, where it was read. */
export async function run(argv: readonly string[], input?: Uint8Array): Promise<number> {
  const context = { ...processContext(), ...(input === undefined ? {} : { input }) };
  try {
    return await main(context, argv);
  } catch (error) {
    return report(context, error);
  }
}

function main(context: Context, argv: readonly string[]): number | Promise<number> {
  const [word, ...others] = argv;
  if (isProtocolVerb(word) && !isForPeople(word, others)) return serve(context, word);
  return import('./cli/cli.ts').then(({ run }) => run(context, argv));
}

/** Clients give a verb and nothing else. */
function isForPeople(word: string, others: readonly string[]): boolean {
  return (
    others.includes('--help') || others.includes('-h') || (word === 'store' && others[0] === 'move')
  );
}

/** A bug: the runtime's own report would fill the screen with packed source. */
function report(context: Context, error: unknown): number {
  const name = error instanceof Error ? error.name : typeof error;
  context.warn(`internal error (${name}); DOCKER_CREDENTIAL_ICR_DEBUG=1 shows more`);
  debug(context, error instanceof Error ? String(error.stack) : String(error));
  return 1;
}
