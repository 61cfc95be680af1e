import { answerLimitMs } from './context.ts';
import { processContext } from './process-context.ts';
import { type MachineCommand, protocolVerb, serve, wantsHelp } from './protocol/serve.ts';

const args = process.argv.slice(2);
const command = protocolVerb(args) ?? kubelet();
const context = processContext(
  command && { limitMs: answerLimitMs, readsInput: command.reads !== undefined },
);

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
  status = await (command === undefined
    ? runInteractive()
    : serve(context, command, args.slice(1)));
} catch (error) {
  const { reportBug } = await import('./bug-report.ts');
  status = reportBug(context, error);
}
// Exiting explicitly is faster than waiting for the event loop to drain.
process.exit(status);
