import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { actAsOwner } from '../files/act-as-owner.ts';
import { findProgram } from '../files/executables.ts';
import { cannot } from '../files/storage-error.ts';
import {
  helperName,
  helperOf,
  identityInFile,
  identityOfHelper,
  program,
} from '../program-name.ts';
import { findHelper, isThisProgram } from '../secrets/helper-program.ts';
import { homeFolder, joinPath } from './home.ts';

// `docker-credential-icr-NAME` is a symlink to this program; on Windows, where symlinks need a privilege, a copy of it.

/** Returns the name of the program for an identity. */
export function linkName(identity: string): string {
  return `${program}-${identity}`;
}

/** Returns true for `icr`, and for `icr-NAME` unless another program has that name. */
export function isOwnHelper(context: Context, name: unknown): boolean {
  if (name === helperName) return true;
  if (typeof name !== 'string' || identityOfHelper(name) === undefined) return false;
  const found = findHelper(context, name);
  return found === undefined || isAnyVersion(context, found);
}

/** Returns true if the file is this program, or another installation of it. */
export function isAnyVersion(context: Context, file: string): boolean {
  if (context.platform === 'win32' || isThisProgram(context, file)) return true;
  const target = path.basename(fs.realpathSync(file));
  return target === program || target === `${program}.js`;
}

/**
 * Creates the program of an identity beside this program, or in `~/.local/bin` if that directory is not writable. Returns its
 * path, also if it exists. Throws `storage`, and `invalid-input` if another file has the name or the identity cannot be part
 * of a file name.
 */
export function createLink(context: Context, identity: string): { file: string; isNew: boolean } {
  if (identity.includes('/')) {
    throw new HelperError('invalid-input', `identity ${identity} cannot be part of a file name`, {
      hint: `run ${program} login --identity NAME, with a name without a slash`,
    });
  }
  const found = findHelper(context, helperOf(identity));
  if (found !== undefined) {
    if (!isAnyVersion(context, found)) throw otherProgram(found);
    if (context.platform !== 'win32') return { file: found, isNew: false };
  }
  const target = targetOf(context);
  let refusal: HelperError | undefined;
  for (const folder of foldersOf(context)) {
    const file = path.join(folder, fileName(context, identity));
    try {
      return { file, isNew: actAsOwner(context, file, () => create(context, target, file)) };
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error) ?? '')) {
        throw error instanceof HelperError ? error : cannot('create', file, error);
      }
      refusal ??= cannot('create', file, error);
    }
  }
  throw refusal ?? new HelperError('storage', `no directory for ${linkName(identity)}`);
}

/** Returns false if it exists already. Throws the system's error. */
function create(context: Context, target: string, file: string): boolean {
  const old = fs.lstatSync(file, { throwIfNoEntry: false });
  if (old !== undefined) {
    if (isLinkToThis(context, file)) return false;
    if (!isOwnFile(context, file)) throw otherProgram(file);
    fs.unlinkSync(file);
  }
  const folder = path.dirname(file);
  fs.mkdirSync(folder, { recursive: true });
  if (context.platform === 'win32') {
    if (path.extname(target) !== '.exe') throw noExecutable();
    fs.copyFileSync(target, file, fs.constants.COPYFILE_EXCL);
    return true;
  }
  // Relative, so that both can be moved together.
  const isBeside = path.dirname(target) === folder;
  fs.symlinkSync(isBeside ? path.basename(target) : target, file);
  return true;
}

/** Removes the programs of these identities that are symlinks to this program. Returns the removed files. */
export function removeLinks(context: Context, identities: readonly string[]): string[] {
  return ownLinks(context)
    .filter(({ identity }) => identities.includes(identity))
    .map(({ file }) => {
      try {
        actAsOwner(context, file, () => fs.unlinkSync(file));
      } catch (error) {
        throw error instanceof HelperError ? error : cannot('remove', file, error);
      }
      return file;
    });
}

interface HelperLink {
  readonly identity: string;
  readonly file: string;
}

/** Returns the programs of identities that belong to this program: beside it, and in `~/.local/bin`. */
export function ownLinks(context: Context): HelperLink[] {
  return foldersOf(context).flatMap((folder) =>
    namesIn(folder).flatMap((name) => {
      const identity = identityInFile(name, context.platform);
      const file = path.join(folder, name);
      return identity !== undefined && isOwnFile(context, file) ? [{ identity, file }] : [];
    }),
  );
}

function fileName({ platform }: Context, identity: string): string {
  return linkName(identity) + (platform === 'win32' ? '.exe' : '');
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Returns the directories for links, in the order of preference. */
function foldersOf(context: Context): string[] {
  const beside = path.dirname(targetOf(context));
  try {
    return [...new Set([beside, joinPath(context, homeFolder(context), '.local/bin')])];
  } catch (error) {
    if (error instanceof HelperError) return [beside];
    throw error;
  }
}

/**
 * Returns the path of this program for clients. Package managers install a symlink on `PATH` that stays the same if they
 * replace the executable by a new version.
 */
function targetOf(context: Context): string {
  const found = findProgram(context, program);
  if (found !== undefined && isThisProgram(context, found)) return found;
  const { executable = () => program, script } = context;
  return script !== undefined && fs.existsSync(script) ? script : executable();
}

/** Returns true for a file that `createLink` created for this program, also if the program was moved since. */
function isOwnFile(context: Context, file: string): boolean {
  if (context.platform === 'win32') return isCopy(context, file);
  if (isLinkToThis(context, file)) return true;
  return (
    isSymlink(file) && !fs.existsSync(file) && path.basename(fs.readlinkSync(file)) === program
  );
}

function isLinkToThis(context: Context, file: string): boolean {
  return context.platform !== 'win32' && isSymlink(file) && isThisProgram(context, file);
}

function isSymlink(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

const versionTimeoutMs = 5000;

/** Runs the program: a copy may be of an earlier version. */
function isCopy(context: Context, file: string): boolean {
  const options = { input: '', env: {}, timeoutMs: versionTimeoutMs, maxBytes: 64 * 1024 };
  return context.runSync(file, ['version'], options).output.startsWith(`${program} (`);
}

function noExecutable(): HelperError {
  return new HelperError('misconfigured', 'only the executable can be copied, not its script', {
    hint: `install ${program} from its .zip file or with Scoop`,
  });
}

function otherProgram(file: string): HelperError {
  return new HelperError('invalid-input', `${file} is not a link to ${program}`, {
    hint: 'move it away, or use an identity with another name',
  });
}
