import fs from 'node:fs';
import path from 'node:path';
import { typed } from '../../clients/notes.ts';
import { cacheFolder } from '../../config/folders.ts';
import { isTemporary } from '../../files/temporary-files.ts';
import { setAsideEnding } from '../../secrets/credential-file.ts';
import { type Check, type Examined, type Finding, fail, ok, skip, warn } from './check.ts';
import { abandonedAfter } from './client-findings.ts';

/** Who may read what is kept here, and what was left behind by programs that were killed. */
export const files: Check = {
  name: 'files',
  run: (examined) => {
    const { context, look } = examined;
    const folders = [look.folder, cacheFolder(context)]
      .filter((folder) => folder !== undefined)
      .filter((folder) => fs.existsSync(folder));
    if (folders.length === 0) return skip('nothing is kept yet');
    const entries = folders.flatMap(entriesIn);
    const found = [
      ...(context.platform === 'win32' ? [] : inPosix(examined, entries)),
      ...leftOver(examined, entries),
    ];
    return found.length > 0 ? found : ok(`${folders.join(', ')}: only you can read them`);
  },
};

function inPosix(examined: Examined, entries: readonly Entry[]): Finding[] {
  return [...wide(entries), ...closed(entries), ...foreign(examined, entries)];
}

/** The directory and all that is below it, as far as it can be read; it and its subdirectories may be symlinks. */
function entriesIn(folder: string): Entry[] {
  const walk = (file: string, depth: number): Entry[] => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    const isFollowed = depth <= 1 && stat.isSymbolicLink();
    const names = stat.isDirectory() || isFollowed ? namesIn(file) : [];
    const below = names.flatMap((name) => walk(path.join(file, name), depth + 1));
    return [{ folder, file, stat }, ...below];
  };
  return walk(folder, 0);
}

/** None where it may not be read: its own mode, or its owner, says why. */
function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

interface Entry {
  /** The configuration folder, or the cache's. */
  readonly folder: string;
  readonly file: string;
  readonly stat: fs.Stats;
}

function wide(entries: readonly Entry[]): Finding[] {
  const open = entries.filter(({ stat }) => !stat.isSymbolicLink() && (stat.mode & 0o077) !== 0);
  const [first] = open;
  if (first === undefined) return [];
  const what = `others can reach ${first.file} (mode ${modeOf(first)})${andMore(open)}`;
  return [fail(what, `chmod -R go= ${foldersOf(open)}`)];
}

/** What its own owner may not read, or may not write, as where a secret is mounted. */
function closed(entries: readonly Entry[]): Finding[] {
  const unread = entries.filter((entry) => lacks(entry, 0o500, 0o400));
  const unwritten = entries.filter((entry) => lacks(entry, 0o700, 0o600));
  const [first] = unread.length > 0 ? unread : unwritten;
  if (first === undefined) return [];
  const what = `${unread.length > 0 ? 'read' : 'change'} ${first.file} (mode ${modeOf(first)})`;
  const message = `you cannot ${what}${andMore(unwritten)}`;
  const fix = `chmod -R u+rwX ${foldersOf(unwritten)}`;
  return [unread.length > 0 ? fail(message, fix) : warn(message, fix)];
}

function lacks({ stat }: Entry, folder: number, file: number): boolean {
  const needed = stat.isDirectory() ? folder : file;
  return !stat.isSymbolicLink() && (stat.mode & needed) !== needed;
}

function modeOf({ stat }: Entry): string {
  return (stat.mode & 0o777).toString(8).padStart(4, '0');
}

function foreign({ machine: { uid }, context }: Examined, entries: readonly Entry[]): Finding[] {
  const others = entries.filter(({ stat }) => uid !== undefined && stat.uid !== uid);
  const [first] = others;
  if (first === undefined) return [];
  const what = `${first.file} belongs to user ${first.stat.uid}, not to you (${uid})${andMore(others)}`;
  const home = fs.statSync(context.env.HOME ?? '/', { throwIfNoEntry: false })?.uid;
  // What root finds in somebody's home is that person's to keep.
  const owner = uid === 0 && home !== undefined ? home : uid;
  const isTheirs = owner !== uid && others.every(({ stat }) => stat.uid === owner);
  if (isTheirs) return [];
  return [fail(what, `${uid === 0 ? '' : 'sudo '}chown -R ${owner} ${foldersOf(others)}`)];
}

function foldersOf(entries: readonly Entry[]): string {
  return [...new Set(entries.map(({ folder }) => typed(folder)))].join(' ');
}

function andMore({ length }: readonly unknown[]): string {
  return length === 1 ? '' : `, and ${length - 1} more`;
}

function leftOver({ context }: Examined, entries: readonly Entry[]): Finding[] {
  const names = new Set(entries.map(({ file }) => file));
  const damaged = entries.filter(
    ({ file }) => file.endsWith(setAsideEnding) && names.has(file.slice(0, -setAsideEnding.length)),
  );
  const aside = entries.filter(
    ({ file, stat }) =>
      isLeftOver(file) && stat.isFile() && stat.mtimeMs < context.now() - abandonedAfter,
  );
  const remove = (some: readonly Entry[]) => `rm ${some.map(({ file }) => typed(file)).join(' ')}`;
  return [
    ...(damaged.length > 0
      ? [warn(`left from a damaged secret that was replaced: ${listed(damaged)}`, remove(damaged))]
      : []),
    ...(aside.length > 0
      ? [warn(`left by a program that was killed: ${listed(aside)}`, remove(aside))]
      : []),
  ];
}

/** As our own files are written, as versions up to 0.1.0 wrote them, and as `conf` writes the settings. */
function isLeftOver(file: string): boolean {
  const [name, parent] = [path.basename(file), path.basename(path.dirname(file))];
  return isTemporary(name) || parent === '.aside' || /\.json\.tmp-\w+$/.test(name);
}

function listed(entries: readonly Entry[]): string {
  return entries.map(({ file }) => file).join(', ');
}
