import { spawn } from 'node:child_process';
import os from 'node:os';
import tty from 'node:tty';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import type { Command } from './command.ts';
import { noCredential, requireIbmHost } from './host-arguments.ts';

interface ExecArgs {
  readonly host: string;
  /** What follows `--`. */
  readonly '--'?: readonly string[];
}

export const exec: Command<ExecArgs> = {
  options: {},
  examples: [
    [
      'exec us.icr.io -- sh -c \'cf push APP -o us.icr.io/NS/IMG --docker-username "$ICR_USERNAME"\'',
      'Cloud Foundry takes the password from its environment',
    ],
  ],
  run: async (context, { host: typed, '--': words = [] }) => {
    const [command, ...args] = words;
    if (command === undefined) {
      throw new HelperError('invalid-input', 'no command to run', { hint: 'put it after --' });
    }
    const host = requireIbmHost(typed);
    const found = await findCredential(lookupIn(context), host);
    if (found === undefined) throw noCredential(host.name);
    const secret = await found.secret();
    const added = {
      ICR_USERNAME: found.username,
      ICR_PASSWORD: secret,
      CF_DOCKER_PASSWORD: secret,
    };
    // The system's strings end there, and the runtime's error would quote the secret.
    if (Object.values(added).some((value) => value.includes('\0'))) {
      throw new HelperError('damaged', `the credential for ${host.name} contains a NUL character`, {
        hint: `run docker-credential-icr login ${host.name}`,
      });
    }
    return runWith(context, command, args, added);
  },
};

const caught = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** What Ctrl-C and Ctrl-\ send to every process of the terminal's, the command included. */
const fromTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** The exit status of the command; 128 and the signal's number where a signal ended it, as in a shell. */
function runWith(
  context: Context,
  command: string,
  args: readonly string[],
  added: Readonly<Record<string, string>>,
): Promise<number> {
  const isOnTerminal = tty.isatty(context.stdin);
  // Before there is a command: a signal in between would end us, and leave the command alone.
  const stop = context.onSignals(caught, (signal) => {
    // Passed on as well, one Ctrl-C would be two, and many programs end at once at the second.
    if (!(isOnTerminal && fromTerminal.includes(signal))) child.kill(signal);
  });
  const child = spawn(command, args, { stdio: 'inherit', env: { ...context.env, ...added } });
  return new Promise<number>((resolve) => {
    child.on('error', (error) => resolve(cannotRun(context, command, error)));
    child.on('exit', (code, signal) =>
      resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGTERM']),
    );
  }).finally(stop);
}

/** Returns the exit status of a shell for a command that it does not find, or cannot execute. */
function cannotRun({ warn }: Context, command: string, error: unknown): number {
  const code = systemCode(error);
  warn(`cannot run ${command} (${code ?? error})`);
  return code === 'ENOENT' ? 127 : 126;
}
