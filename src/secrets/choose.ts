import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { environmentOf, findHelper } from './helper-process.ts';
import { helperStore } from './helper-store.ts';

/** Milliseconds in which a session bus has to answer. */
const busLimit = 1000;

/**
 * The keychain of this machine that works, by its helper's name; `undefined` for the file store. Asked
 * once, at the first login: what it finds is written down.
 */
export function usableStore(context: Context): string | undefined {
  if (context.platform === 'darwin') return ifAnswering(context, 'osxkeychain');
  if (context.platform === 'win32') return ifAnswering(context, 'wincred');
  if (hasSessionBus(context)) return ifAnswering(context, 'secretservice');
  return isPassInitialised(context) ? ifAnswering(context, 'pass') : undefined;
}

function ifAnswering(context: Context, name: string): string | undefined {
  if (findHelper(context, name) === undefined) return undefined;
  try {
    helperStore(context, name).names('identity');
    return name;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${error.message}; the secret will rest in a file`);
    return undefined;
  }
}

/** Whether a secret service is there to be asked; a dead bus would hold the helper up for half a minute. */
function hasSessionBus(context: Context): boolean {
  if (!context.env.DBUS_SESSION_BUS_ADDRESS) return false;
  const words = ['--session', '--dest=org.freedesktop.secrets', '--print-reply', '/', peer];
  const { status } = context.runSync('dbus-send', words, {
    input: '',
    env: environmentOf(context),
    limit: busLimit,
    largest: 64 * 1024,
  });
  return status === 0;
}

const peer = 'org.freedesktop.DBus.Peer.Ping';

function isPassInitialised({ env }: Context): boolean {
  const folder = env.PASSWORD_STORE_DIR || (env.HOME && path.join(env.HOME, '.password-store'));
  return folder !== undefined && fs.existsSync(path.join(folder, '.gpg-id'));
}
