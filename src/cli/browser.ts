import { spawn } from 'node:child_process';
import type { Context } from '../context.ts';
import { findProgram } from '../files/executables.ts';
import { withoutSecrets } from '../secrets/helper-program.ts';

/** A program that opens an address in the user's browser. */
export interface Browser {
  readonly open: (address: string) => void;
}

/**
 * Returns the browser of the desktop. Returns undefined if this process has no desktop: on Linux without a display, in an SSH
 * session, whose user sits at another machine, and in CI.
 */
export function browserOf(context: Context): Browser | undefined {
  const [name, ...args] = openerFor(context);
  const program = name === undefined ? undefined : findProgram(context, name);
  if (program === undefined) return undefined;
  return { open: (address) => start(context, program, [...args, address]) };
}

function openerFor({ env, platform }: Context): readonly string[] {
  const isRemote = env.SSH_CONNECTION || env.SSH_TTY;
  const isCi = env.CI && env.CI !== 'false';
  if (isRemote || isCi) return [];
  if (platform === 'darwin') return ['open'];
  // Not `start`: a shell would interpret the `&` in an address.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : [];
}

/** Failures are ignored: the address was printed. */
function start(context: Context, program: string, args: readonly string[]): void {
  const env = withoutSecrets(context);
  const child = spawn(program, args, { stdio: 'ignore', detached: true, env });
  child.on('error', () => {});
  child.unref();
}
