import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { findProgram } from '../files/executables.ts';
import { callHelper } from './helper-process.ts';
import { findHelper, helperLoop, withoutSecrets } from './helper-program.ts';
import { urlOf } from './helper-store.ts';
import { probeStore } from './verified-store.ts';

const sessionBusTimeoutMs = 1000;

/**
 * Returns the name of the first keychain on this machine that works, or undefined to use the file store. Runs once, at
 * the first login; the result is saved in the settings.
 */
export function usableStore(context: Context): string | undefined {
  return candidates(context).find((name) => isWorking(context, name));
}

function candidates(context: Context): string[] {
  if (context.platform === 'darwin') return ['osxkeychain'];
  if (context.platform === 'win32') return ['wincred'];
  return [
    ...(hasSessionBus(context) ? ['secretservice'] : []),
    ...(isPassInitialised(context) ? ['pass'] : []),
  ];
}

function isWorking(context: Context, name: string): boolean {
  if (findHelper(context, name) === undefined) return false;
  try {
    probeStore(context, name);
    return true;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${name} is not used: ${error.message}`, error.hint);
    return false;
  }
}

/** Throws `misconfigured` if the helper calls this program, directly or not, and the error of a call that fails. */
export function assertNoLoop(context: Context, name: string): void {
  const probe = urlOf({ of: 'trial', name: String(context.pid) });
  const { ok, text } = callHelper(context, name, 'get', `${probe}\n`);
  if (ok || !text.includes(protocolErrors.helperLoop)) return;
  throw helperLoop(name);
}

/** Checks the bus first, because the helper waits for half a minute if it does not respond. */
export function hasSessionBus(context: Context): boolean {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = context.env;
  const hasSocket = XDG_RUNTIME_DIR && fs.existsSync(path.join(XDG_RUNTIME_DIR, 'bus'));
  if (!DBUS_SESSION_BUS_ADDRESS && !hasSocket) return false;
  const program = findProgram(context, 'dbus-send');
  // The bus cannot be checked without dbus-send; a call of the helper has its own timeout.
  if (program === undefined) return true;
  const args = ['--session', '--dest=org.freedesktop.DBus', '--print-reply', '/', pingMethod];
  const { status } = context.runSync(program, args, {
    input: '',
    env: withoutSecrets(context),
    timeoutMs: sessionBusTimeoutMs,
    maxBytes: 64 * 1024,
  });
  return status === 0;
}

const pingMethod = 'org.freedesktop.DBus.Peer.Ping';

function isPassInitialised({ env }: Context): boolean {
  const directory = env.PASSWORD_STORE_DIR || (env.HOME && path.join(env.HOME, '.password-store'));
  return Boolean(directory) && fs.existsSync(path.join(directory ?? '', '.gpg-id'));
}
