import { withDeadline } from './deadline.ts';
import { processContext } from './process-context.ts';
import { type MachineCommand, protocolVerb, serve, wantsHelp } from './protocol/serve.ts';

const args = process.argv.slice(2);
const context = processContext();

function kubelet(): MachineCommand | undefined {
  if (args[0] !== 'kubelet' || wantsHelp(args)) return undefined;
  const answer: MachineCommand['answer'] = async (limited, options) =>
    (await import('./kubernetes/kubelet.ts')).answerKubelet(limited, options);
  return { answer, errorsOn: 'stderr', reads: 'kubelet' };
}

async function run(): Promise<number> {
  const command = protocolVerb(args) ?? kubelet();
  if (command !== undefined) return serve(withDeadline(context), command, args.slice(1));
  const { runInteractive } = await import('./cli/cli.ts');
  return runInteractive(context, args);
}

// Exiting explicitly is faster than waiting for the event loop to drain.
process.exit(
  await run().catch(async (error) => {
    const { reportBug } = await import('./bug-report.ts');
    return reportBug(context, error);
  }),
);
