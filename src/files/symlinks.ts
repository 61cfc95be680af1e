import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { shellQuoted } from '../visible.ts';
import { foreign, isReplaceable, isTrustedOwner, isWritableByOthers } from './trust.ts';

// The configuration directory and its files may be symlinks, for example into a repository of dotfiles. A symlink is followed
// only if no other user could have created it or can change its target.

/** The limit of Linux. */
const maxLinks = 40;

/**
 * Resolves a symlink to a path without symlinks. The directory of `link` must have been checked. Returns undefined if the
 * target does not exist. Throws `storage` if another user controls the symlink, the target or a directory between them.
 */
export function followLink(context: Context, link: string): string | undefined {
  const start = fs.realpathSync(path.dirname(link));
  const rest = [path.basename(link)];
  let place = start;
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const entry = path.join(place, name);
    const stat = fs.lstatSync(entry, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) {
      links += 1;
      if (links > maxLinks) throw refused(link, 'it leads to itself', `remove ${link}`);
      requireTrustedLink(context, { link, entry, stat, place });
      const target = fs.readlinkSync(entry);
      if (path.isAbsolute(target)) place = path.parse(target).root;
      rest.unshift(...target.split(path.sep).filter((part) => part !== '' && part !== '.'));
      continue;
    }
    const isLast = rest.length === 0;
    if (isLast) requireTrustedTarget(context, link, entry, stat);
    else if (!isAncestor(entry, start)) requireTrustedParent(context, link, entry, stat);
    place = entry;
  }
  return place;
}

interface Step {
  /** The first symlink. */
  readonly link: string;
  /** The symlink at this step. */
  readonly entry: string;
  readonly stat: fs.Stats;
  /** The directory of `entry`. */
  readonly place: string;
}

function requireTrustedLink(context: Context, { link, entry, stat, place }: Step): void {
  if (!isTrustedOwner(context, stat)) throw foreign(context, entry, stat);
  const directory = fs.lstatSync(place);
  if (!isTrustedParent(context, directory)) throw foreign(context, place, directory);
  if (isReplaceable(context, directory)) throw writable(link, place);
}

function requireTrustedTarget(context: Context, link: string, entry: string, stat: fs.Stats) {
  if (!isTrustedOwner(context, stat)) throw foreign(context, entry, stat);
  // Any other type is rejected by the caller.
  const isUsable = stat.isFile() || stat.isDirectory();
  if (isUsable && isWritableByOthers(context, stat)) throw writable(link, entry);
}

function requireTrustedParent(context: Context, link: string, entry: string, stat: fs.Stats) {
  if (!isTrustedParent(context, stat)) throw foreign(context, entry, stat);
  if (isReplaceable(context, stat)) throw writable(link, entry);
}

/** In a user namespace (rootless podman), directories of the host's root have the owner of `/`. */
function isTrustedParent(context: Context, stat: fs.Stats): boolean {
  return isTrustedOwner(context, stat) || stat.uid === fs.statSync('/').uid;
}

function isAncestor(directory: string, of: string): boolean {
  return of === directory || of.startsWith(directory === '/' ? '/' : directory + path.sep);
}

/** The error for a symlink without a target. */
export function dangling(link: string): HelperError {
  return refused(
    link,
    'its target does not exist',
    `create ${fs.readlinkSync(link)}, or remove ${link}`,
  );
}

function writable(link: string, place: string): HelperError {
  return refused(link, `other users can write to ${place}`, `run chmod go-w ${shellQuoted(place)}`);
}

function refused(link: string, why: string, hint: string): HelperError {
  return new HelperError('storage', `cannot follow the symlink ${link}: ${why}`, { hint });
}
