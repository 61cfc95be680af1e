import { steadyClock, withDeadline } from './context.ts';
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

async function runInteractive(): Promise<number> {
  const cli = await import('./cli/cli.ts');
  return cli.runInteractive(context, args);
}

let status: number;
try {
  const command = protocolVerb(args) ?? kubelet();
  const steady = { ...context, now: steadyClock(context.now) };
  status = await (command === undefined
    ? runInteractive()
    : serve(withDeadline(steady), command, args.slice(1)));
} catch (error) {
  const { reportBug } = await import('./bug-report.ts');
  status = reportBug(context, error);
}
// Exiting explicitly is faster than waiting for the event loop to drain.
process.exit(status);
