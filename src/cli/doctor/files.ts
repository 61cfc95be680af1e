import fs from 'node:fs';
import path from 'node:path';
import { typed } from '../../clients/notes.ts';
import { cacheFolder } from '../../config/folders.ts';
import { setAsideEnding } from '../../secrets/file-store.ts';
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
      ...(context.platform === 'win32' ? [] : [...wide(entries), ...foreign(examined, entries)]),
      ...leftOver(examined, entries),
    ];
    return found.length > 0 ? found : ok(`${folders.join(', ')}: only you can read them`);
  },
};

function entriesIn(folder: string): Entry[] {
  return [folder, ...namesBelow(folder)].flatMap((file) => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    return stat === undefined ? [] : [{ folder, file, stat }];
  });
}

/** A folder that may not be read has an entry itself, which says why. */
function namesBelow(folder: string): string[] {
  try {
    const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.map((name) => path.join(folder, name));
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
  const mode = (first.stat.mode & 0o777).toString(8).padStart(4, '0');
  const what = `others can reach ${first.file} (mode ${mode})${andMore(open)}`;
  return [fail(what, `chmod -R go= ${foldersOf(open)}`)];
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
      isTemporary(file) && stat.isFile() && stat.mtimeMs < context.now() - abandonedAfter,
  );
  const remove = (some: readonly Entry[]) => `rm ${some.map(({ file }) => typed(file)).join(' ')}`;
  return [
    ...(damaged.length > 0
      ? [warn(`left from a damaged secret that was replaced: ${namesIn(damaged)}`, remove(damaged))]
      : []),
    ...(aside.length > 0
      ? [warn(`left by a program that was killed: ${namesIn(aside)}`, remove(aside))]
      : []),
  ];
}

/** As our own files are written, and as `conf` writes the settings. */
function isTemporary(file: string): boolean {
  return path.basename(path.dirname(file)) === '.aside' || /\.json\.tmp-\w+$/.test(file);
}

function namesIn(entries: readonly Entry[]): string {
  return entries.map(({ file }) => file).join(', ');
}
