import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { realPath, statOf } from '../files/file-facts.ts';
import { isTrustedOwner, isWritableByOthers } from '../files/trust.ts';
import { shellQuoted } from '../visible.ts';
import { configFolder } from './folders.ts';
import { settingsFile } from './settings.ts';

/**
 * The root directory of a checkout contains one of these: Git, Mercurial, Jujutsu, Subversion, Sapling, Pijul, Bazaar,
 * Darcs, Fossil, CVS.
 */
const checkoutMarks = [
  ...['.git', '.hg', '.jj', '.svn', '.sl', '.pijul', '.bzr', '_darcs', '.fslckout', '_FOSSIL_'],
  'CVS',
];
/** A bare Git repository, which can be its own work tree, contains all of these. */
const bareMarks = ['HEAD', 'objects', 'refs'];

/**
 * Returns the setting `iamEndpoint` for a request that sends a secret. This setting decides to which address secrets
 * are sent, so neither a repository nor another user may control it. Throws `misconfigured` if one of them can.
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
    const check = `check iamEndpoint in ${file}, then run chmod go-w ${shellQuoted(checked)}`;
    throw refused(file, `other users can write ${checked}`, check);
  }
  if (!isTrustedOwner(context, stat)) {
    throw refused(file, `another user (${stat.uid}) owns ${checked}`, 'remove it');
  }
}

/**
 * Returns the root directory of the checkout that contains the settings directory, or undefined. Checks the path and
 * the real path, because a parent directory may be a symlink into a checkout. For the default directory, only symlinks
 * above the home directory count: users keep dotfiles in a repository, and only they can create symlinks in their home.
 */
function checkoutAround(context: Context, folder: string): string | undefined {
  const { HOME, APPDATA } = context.env;
  const defaultFolder = configFolder({ ...context, env: { HOME, APPDATA } });
  const home = context.platform === 'win32' ? APPDATA : HOME;
  const resolved = folder === defaultFolder && home !== undefined ? home : folder;
  const workTree = workTreeOf(context);
  return (
    checkoutAbove(path.resolve(folder), workTree) ??
    checkoutAbove(realPath(resolved) ?? resolved, workTree)
  );
}

/** Returns the paths of the work tree that Git's variables select: by default, the current directory. */
function workTreeOf({ env: { GIT_DIR, GIT_WORK_TREE } }: Context): readonly string[] {
  if (!GIT_DIR && !GIT_WORK_TREE) return [];
  const folder = path.resolve(GIT_WORK_TREE ?? '');
  return [folder, realPath(folder) ?? folder];
}

function checkoutAbove(folder: string, workTree: readonly string[]): string | undefined {
  if (isCheckout(folder) || workTree.includes(folder)) return folder;
  const above = path.dirname(folder);
  return above === folder ? undefined : checkoutAbove(above, workTree);
}

function isCheckout(folder: string): boolean {
  // etckeeper turns /etc into a repository, and the settings of a Kubernetes node are below /etc.
  if (folder === '/etc') return false;
  const has = (name: string) => isIn(folder, name);
  return checkoutMarks.some(has) || bareMarks.every(has);
}

/** Also returns true for a symlink whose target does not exist here, for example because only the work tree is mounted. */
function isIn(folder: string, name: string): boolean {
  try {
    fs.lstatSync(path.join(folder, name));
    return true;
  } catch {
    return false;
  }
}

function refused(file: string, reason: string, hint: string): HelperError {
  return new HelperError('misconfigured', `iamEndpoint in ${file} is not used: ${reason}`, {
    hint: `${hint}, or set IBMCLOUD_IAM_API_ENDPOINT in the environment`,
  });
}
