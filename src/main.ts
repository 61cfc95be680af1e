import { processContext } from './context.ts';
import { isProtocolVerb, serve } from './protocol/serve.ts';

async function main(argv: readonly string[]): Promise<number> {
  const context = processContext();
  const [word, ...others] = argv;
  if (isProtocolVerb(word) && !others.includes('--help')) return serve(context, word);
  const { run } = await import('./cli/cli.ts');
  return run(context, argv);
}

// Leaving at once is faster than unwinding, and nothing is left to do: every write is done by now.
process.exit(await main(process.argv.slice(2)));
