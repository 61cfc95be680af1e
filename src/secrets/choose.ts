import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { findProgram } from '../files/executables.ts';
import { callHelper } from './helper-process.ts';
import { environmentFor, findHelper, loopThrough } from './helper-program.ts';
import { urlOf } from './helper-store.ts';
import { tryStore } from './trial.ts';

/** Milliseconds in which a session bus has to answer. */
const busLimit = 1000;

/**
 * The keychain of this machine that works, by its helper's name; `undefined` for the file store. Asked
 * once, at the first login: what it finds is written down.
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
    tryStore(context, name);
    return true;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${name} is not used: ${error.message}`, error.hint);
    return false;
  }
}

/** Throws `misconfigured` where that helper asks this one in the end, and whatever keeps it from being asked. */
export function refuseRing(context: Context, name: string): void {
  const own = urlOf({ of: 'trial', name: String(context.pid) });
  const { ok, text } = callHelper(context, name, 'get', `${own}\n`);
  if (ok || !text.includes(protocolErrors.helperLoop)) return;
  throw loopThrough(name);
}

/** A dead bus would hold the helper up for half a minute. */
export function hasSessionBus(context: Context): boolean {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = context.env;
  const hasSocket = XDG_RUNTIME_DIR && fs.existsSync(path.join(XDG_RUNTIME_DIR, 'bus'));
  if (!DBUS_SESSION_BUS_ADDRESS && !hasSocket) return false;
  const program = findProgram(context, 'dbus-send');
  // Without it there is nobody to ask; the helper's own time limit has to do.
  if (program === undefined) return true;
  const words = ['--session', '--dest=org.freedesktop.DBus', '--print-reply', '/', ping];
  const { status } = context.runSync(program, words, {
    input: '',
    env: environmentFor(context, 'secretservice'),
    limit: busLimit,
    largest: 64 * 1024,
  });
  return status === 0;
}

const ping = 'org.freedesktop.DBus.Peer.Ping';

function isPassInitialised({ env }: Context): boolean {
  const folder = env.PASSWORD_STORE_DIR || (env.HOME && path.join(env.HOME, '.password-store'));
  return Boolean(folder) && fs.existsSync(path.join(folder ?? '', '.gpg-id'));
}
