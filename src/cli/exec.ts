import { spawn } from 'node:child_process';
import os from 'node:os';
import tty from 'node:tty';
import { logAccess } from '../access-log/log-access.ts';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { findProgram } from '../files/executables.ts';
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
      'push an app with cf, which reads the password from CF_DOCKER_PASSWORD',
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
  const file = programOf(context, command);
  if (file === undefined) return Promise.resolve(cannotRun(context, command, 'ENOENT'));
  const isOnTerminal = tty.isatty(context.stdin);
  // Installed before the command starts; otherwise a signal in between would end only this process.
  const stop = context.onSignals(forwardedSignals, (signal) => {
    // The command has already received the terminal's signal; many programs abort at the second Ctrl-C.
    if (!(isOnTerminal && terminalSignals.includes(signal))) child.kill(signal);
  });
  const env = { ...context.env, ...added };
  const child = spawn(file, args, { argv0: command, stdio: 'inherit', env });
  return new Promise<number>((resolve) => {
    child.on('error', (error) =>
      resolve(cannotRun(context, command, systemCode(error) ?? String(error))),
    );
    child.on('exit', (code, signal) =>
      resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGTERM']),
    );
  }).finally(stop);
}

/**
 * Returns the file of the command. A name is looked up only in the absolute directories of `PATH`, and never in the current
 * directory: a program there would get the credential. Returns undefined if it is not found.
 */
function programOf(context: Context, command: string): string | undefined {
  const isWindows = context.platform === 'win32';
  if (command.includes('/') || (isWindows && command.includes('\\'))) return command;
  return findProgram(context, isWindows ? command.replace(/\.exe$/i, '') : command);
}

/** Returns the exit status of a shell for a command that does not exist (127) or cannot be executed (126). */
function cannotRun({ warn }: Context, command: string, code: string): number {
  warn(`cannot run ${command} (${code})`);
  return code === 'ENOENT' ? 127 : 126;
}
