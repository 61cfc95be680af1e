import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isTrustedOwner, isWritableByOthers } from '../files/trust.ts';
import { configFolder } from './folders.ts';
import { settingsFile } from './settings.ts';

/** One of these is in the root directory of a checkout: Git, Mercurial, Jujutsu, Subversion. */
const checkoutMarks = ['.git', '.hg', '.jj', '.svn'];

/**
 * The setting `iamEndpoint`, for sending a secret there. It is the only setting that chooses where a secret is sent,
 * so a repository or another user must not be able to set it. Throws `misconfigured` if one of them could have.
 */
export function trustedEndpoint(
  context: Context,
  { iamEndpoint }: { readonly iamEndpoint?: string | undefined },
): string | undefined {
  // The variable has precedence: the setting is not used.
  if (iamEndpoint !== undefined && !context.env.IBMCLOUD_IAM_API_ENDPOINT) {
    requireTrustedFolder(context);
  }
  return iamEndpoint;
}

/** Throws `misconfigured` if a repository or another user can change the settings directory or `config.json`. */
export function requireTrustedFolder(context: Context): void {
  const folder = configFolder(context);
  if (folder === undefined) return;
  const file = settingsFile(folder);
  const checkout = checkoutAround(context, folder);
  if (checkout !== undefined) {
    const move = `move ${folder} out of the repository`;
    throw refused(file, `the directory is inside the repository ${checkout}`, move);
  }
  for (const each of [folder, file]) requireOwn(context, each, file);
}

function requireOwn(context: Context, checked: string, file: string): void {
  const stat = statOf(checked);
  if (stat === undefined) return;
  if (isWritableByOthers(context, stat)) {
    const check = `check iamEndpoint in ${file}, then run chmod go-w ${checked}`;
    throw refused(file, `other users can write ${checked}`, check);
  }
  if (!isTrustedOwner(context, stat)) {
    throw refused(file, `another user (${stat.uid}) owns ${checked}`, 'remove it');
  }
}

/**
 * The root directory of the checkout that contains the settings directory, by its name or its real path: the current
 * directory may be a symlink into a checkout. In the usual directory, symlinks below the home are followed to any place:
 * people keep dotfiles in a repository, and only they can create such a symlink.
 */
function checkoutAround(context: Context, folder: string): string | undefined {
  const { HOME, APPDATA } = context.env;
  const usual = configFolder({ ...context, env: { HOME, APPDATA } });
  const home = context.platform === 'win32' ? APPDATA : HOME;
  const named = folder === usual && home !== undefined ? home : folder;
  return checkoutAbove(path.resolve(folder)) ?? checkoutAbove(realPath(named));
}

function checkoutAbove(folder: string): string | undefined {
  // etckeeper makes a repository of /etc, where the settings of a Kubernetes node are.
  const isCheckout = folder !== '/etc' && checkoutMarks.some((mark) => isIn(folder, mark));
  if (isCheckout) return folder;
  const above = path.dirname(folder);
  return above === folder ? undefined : checkoutAbove(above);
}

function isIn(folder: string, name: string): boolean {
  return fs.existsSync(path.join(folder, name));
}

function realPath(folder: string): string {
  try {
    return fs.realpathSync(folder);
  } catch {
    return folder;
  }
}

function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function refused(file: string, reason: string, hint: string): HelperError {
  return new HelperError('misconfigured', `iamEndpoint in ${file} is not used: ${reason}`, {
    hint: `${hint}, or set IBMCLOUD_IAM_API_ENDPOINT in the environment`,
  });
}
