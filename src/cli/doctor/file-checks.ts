import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../config/folders.ts';
import { HelperError } from '../../errors.ts';
import { statOf } from '../../files/file-facts.ts';
import { attempt } from '../../files/storage-error.ts';
import { isTemporary } from '../../files/temporary-files.ts';
import { damagedSuffix } from '../../secrets/credential-file.ts';
import { shellQuoted } from '../../visible.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  type Findings,
  ok,
  orElse,
  problem,
  skipped,
  warning,
} from './check.ts';
import { abandonedAfterMs } from './client-findings.ts';
import { pathProblem } from './path-problem.ts';

/** Checks modes and owners of stored files, and finds files that killed processes left behind. */
export const fileCheck: Check = {
  name: 'files',
  run: async (input) => {
    const { context, snapshot } = input;
    const found = await attempt(() => cacheFolder(context));
    // The check `directories` reports an invalid variable.
    const cache = found instanceof HelperError ? undefined : found;
    const invalid = cache === undefined ? undefined : pathProblem(input, cache, 'directory');
    // Without a cache, each `get` requests a token, which still works.
    const withoutCache: Findings =
      invalid?.state === 'error' ? { ...invalid, state: 'warning' } : undefined;
    const directories = [snapshot.directory, cache].filter(
      (directory) => directory !== undefined && fs.existsSync(directory),
    ) as string[];
    if (directories.length === 0 && withoutCache === undefined) {
      return skipped('nothing is stored yet');
    }
    const entries = directories.flatMap((directory) => entriesIn(directory, directory));
    const posix = [accessibleToOthers, inaccessible, ownedByOthers];
    const checks = context.platform === 'win32' ? [] : posix;
    return orElse(
      [withoutCache, checks.map((each) => each(entries, input)), leftovers(entries, input)],
      ok(`${directories.join(', ')}: only you can read them`),
    );
  },
};

interface Entry {
  /** The configuration or cache directory. */
  readonly directory: string;
  readonly file: string;
  readonly stat: fs.Stats;
}

/**
 * Lists a directory recursively. The directory and its direct subdirectories may be symlinks. Unreadable directories are
 * not entered, because their mode or owner is a finding by itself.
 */
function entriesIn(directory: string, file: string, depth = 0): Entry[] {
  try {
    const stat = fs.lstatSync(file);
    const isFollowed = depth <= 1 && stat.isSymbolicLink();
    const isOpen = stat.isDirectory() && (stat.mode & 0o400) !== 0;
    const names = isOpen || isFollowed ? namesIn(file) : [];
    const below = names.flatMap((name) => entriesIn(directory, path.join(file, name), depth + 1));
    return [{ directory, file, stat }, ...below];
  } catch {
    return [];
  }
}

/** Returns an empty array if `file` is not a directory, or cannot be read. */
function namesIn(file: string): string[] {
  try {
    return fs.readdirSync(file);
  } catch {
    return [];
  }
}

function accessibleToOthers(entries: readonly Entry[]): Finding | undefined {
  const open = entries.filter(({ stat }) => !stat.isSymbolicLink() && (stat.mode & 0o077) !== 0);
  if (open[0] === undefined) return undefined;
  const what = `other users can access ${titleOf(open[0])}${andMore(open)}`;
  return problem(what, `run chmod -R go= ${directoriesOf(open)}`);
}

/** Finds files that their owner cannot read or write, such as mounted secrets. */
function inaccessible(entries: readonly Entry[]): Finding | undefined {
  const unreadable = entries.filter((entry) => lacks(entry, 0o500, 0o400));
  const unwritable = entries.filter((entry) => lacks(entry, 0o700, 0o600));
  const first = unreadable[0] ?? unwritable[0];
  if (first === undefined) return undefined;
  const verb = unreadable.length > 0 ? 'read' : 'change';
  const message = `you cannot ${verb} ${titleOf(first)}${andMore(unwritable)}`;
  const hint = `run chmod -R u+rwX ${directoriesOf(unwritable)}`;
  return unreadable.length > 0 ? problem(message, hint) : warning(message, hint);
}

function lacks({ stat }: Entry, directoryMode: number, fileMode: number): boolean {
  const needed = stat.isDirectory() ? directoryMode : fileMode;
  return !stat.isSymbolicLink() && (stat.mode & needed) !== needed;
}

function titleOf({ file, stat }: Entry): string {
  return `${file} (mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')})`;
}

function ownedByOthers(
  entries: readonly Entry[],
  { machine: { uid }, context }: CheckInput,
): Finding | undefined {
  const others = entries.filter(({ stat }) => uid !== undefined && stat.uid !== uid);
  const [first] = others;
  if (first === undefined) return undefined;
  // With `sudo`, HOME may be that of another user, who then is the right owner of files in it.
  const homeOwner = statOf(context.env.HOME ?? '/')?.uid;
  const owner = uid === 0 && homeOwner !== undefined ? homeOwner : uid;
  if (owner !== uid && others.every(({ stat }) => stat.uid === owner)) return undefined;
  const what = `user ${first.stat.uid} owns ${first.file}, not you (${uid})${andMore(others)}`;
  const sudo = uid === 0 ? '' : 'sudo ';
  return problem(what, `run ${sudo}chown -R ${owner} ${directoriesOf(others)}`);
}

function directoriesOf(entries: readonly Entry[]): string {
  return [...new Set(entries.map(({ directory }) => shellQuoted(directory)))].join(' ');
}

function andMore({ length }: readonly unknown[]): string {
  return length === 1 ? '' : `, and ${length - 1} more`;
}

function leftovers(entries: readonly Entry[], { context }: CheckInput): Findings {
  const names = new Set(entries.map(({ file }) => file));
  const damaged = entries.filter(
    ({ file }) => file.endsWith(damagedSuffix) && names.has(file.slice(0, -damagedSuffix.length)),
  );
  const temporary = entries.filter(
    ({ file, stat }) =>
      isOurTemporary(file) && stat.isFile() && stat.mtimeMs < context.now() - abandonedAfterMs,
  );
  return [
    removable('left from a damaged secret that was replaced', damaged),
    removable('left behind by a killed process', temporary),
  ];
}

function removable(what: string, entries: readonly Entry[]): Finding | undefined {
  if (entries.length === 0) return undefined;
  const files = entries.map(({ file }) => file);
  return warning(`${what}: ${files.join(', ')}`, `run rm ${files.map(shellQuoted).join(' ')}`);
}

/** Also returns true for the temporary files of versions up to 0.1.0, and for those of the package `conf`. */
function isOurTemporary(file: string): boolean {
  const [name, parent] = [path.basename(file), path.basename(path.dirname(file))];
  return isTemporary(name) || parent === '.aside' || /\.json\.tmp-\w+$/.test(name);
}
