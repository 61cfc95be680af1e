import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';

/** Joins path segments for the context's platform. */
export function joinPath(context: Context, ...parts: string[]): string {
  return (context.platform === 'win32' ? path.win32 : path.posix).join(...parts);
}

/** The home directory of the user. Throws `misconfigured` if it is unknown. */
export function homeFolder(context: Context): string {
  const name = context.platform === 'win32' ? 'USERPROFILE' : 'HOME';
  const home = context.env[name];
  if (home) return home;
  throw new HelperError('misconfigured', `${name} is not set`, {
    reason: 'no-home',
    hint: `set ${name} to your home directory`,
  });
}
