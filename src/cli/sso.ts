import { spawn } from 'node:child_process';
import type { Context } from '../context.ts';
import { findProgram } from '../files/executables.ts';
import type { Question } from '../iam/owner.ts';
import { withoutSecrets } from '../secrets/helper-program.ts';
import { askSecret, requireTerminal } from './secret-input.ts';

/** Shows where IAM gives out one-time passcodes, opens that page where there is a desktop, asks for one. */
export async function askPasscode(context: Context, question: Question): Promise<string> {
  const name = 'one-time passcode';
  const terminal = requireTerminal(
    context,
    name,
    'run docker-credential-icr login --sso in a terminal, or use --api-key-stdin',
  );
  const { passcodeEndpoint } = await import('../iam/token-request.ts');
  const address = await passcodeEndpoint(context, question);
  context.stdout(`get a one-time passcode at ${address}\n`);
  openPage(context, address);
  return askSecret(terminal, name);
}

/** It is a convenience: the address is on the screen already. */
function openPage(context: Context, address: string): void {
  const opener = openerFor(context);
  const program = opener === undefined ? undefined : findProgram(context, opener);
  if (program === undefined) return;
  const env = withoutSecrets(context);
  const child = spawn(program, [address], { stdio: 'ignore', detached: true, env });
  child.on('error', () => {});
  child.unref();
}

function openerFor({ env, platform }: Context): string | undefined {
  if (platform === 'darwin') return 'open';
  if (platform === 'win32') return 'explorer';
  return env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}
