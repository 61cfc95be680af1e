import { spawn } from 'node:child_process';
import os from 'node:os';
import tty from 'node:tty';
import { logAccess } from '../access-log/log-access.ts';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import type { Command } from './command.ts';
import { mappingKey, noCredential, requireIbmHost } from './host-arguments.ts';

interface ExecArgs {
  readonly host: string;
  /** The arguments after `--`. */
  readonly '--'?: readonly string[];
}

export const exec: Command<ExecArgs> = {
  options: {},
  examples: [
    [
      'exec us.icr.io -- sh -c \'cf push APP -o us.icr.io/NS/IMG --docker-username "$ICR_USERNAME"\'',
      'cf reads the password from CF_DOCKER_PASSWORD',
    ],
  ],
  run: async (context, { host: typed, '--': words = [] }) => {
    const [command, ...args] = words;
    if (command === undefined) {
      throw new HelperError('invalid-input', 'no command to run', { hint: 'put it after --' });
    }
    const host = requireIbmHost(typed);
    const lookup = lookupIn(context);
    const found = await findCredential(lookup, host);
    if (found === undefined) throw noCredential(host.name);
    const secret = await found.secret();
    const added = {
      ICR_USERNAME: found.username,
      ICR_PASSWORD: secret,
      CF_DOCKER_PASSWORD: secret,
    };
    // A variable cannot contain NUL, and the runtime's error would print the secret.
    if (Object.values(added).some((value) => value.includes('\0'))) {
      throw new HelperError('damaged', `the credential for ${host.name} contains a NUL character`, {
        hint: `run docker-credential-icr login ${host.name}`,
      });
    }
    const handedOut = { command: 'exec', host: mappingKey(host), credential: found, secret };
    await logAccess(context, lookup.settings(), handedOut);
    return runWith(context, command, args, added);
  },
};

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** Ctrl-C and Ctrl-\ send these to all processes of the terminal, including the command. */
const terminalSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Returns the exit status of the command. If a signal ended it, returns 128 plus the signal's number, like a shell. */
function runWith(
  context: Context,
  command: string,
  args: readonly string[],
  added: Readonly<Record<string, string>>,
): Promise<number> {
  const isOnTerminal = tty.isatty(context.stdin);
  // Installed before the command starts; otherwise a signal in between would end only this process.
  const stop = context.onSignals(forwardedSignals, (signal) => {
    // The command has already received the terminal's signal; many programs abort at the second Ctrl-C.
    if (!(isOnTerminal && terminalSignals.includes(signal))) child.kill(signal);
  });
  const child = spawn(command, args, { stdio: 'inherit', env: { ...context.env, ...added } });
  return new Promise<number>((resolve) => {
    child.on('error', (error) => resolve(cannotRun(context, command, error)));
    child.on('exit', (code, signal) =>
      resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGTERM']),
    );
  }).finally(stop);
}

/** Returns the exit status of a shell for a command that does not exist (127) or cannot be executed (126). */
function cannotRun({ warn }: Context, command: string, error: unknown): number {
  const code = systemCode(error);
  warn(`cannot run ${command} (${code ?? error})`);
  return code === 'ENOENT' ? 127 : 126;
}
