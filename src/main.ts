import { processContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import { machineCommand, serve } from './protocol/serve.ts';

const args = process.argv.slice(2);
const context = processContext();

async function run(): Promise<number> {
  const command = machineCommand(args);
  if (command !== undefined) return serve(withDeadline(context), command, args.slice(1));
  const { runInteractive } = await import('./cli/cli.ts');
  return runInteractive(context, args);
}

// Exiting at once is faster than unwinding, and nothing is left to do.
process.exit(
  await run().catch(async (error) => {
    const { reportBug } = await import('./bug-report.ts');
    return reportBug(context, error);
  }),
);
