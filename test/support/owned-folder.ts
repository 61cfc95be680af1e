import fs from 'node:fs';
import path from 'node:path';
import { testContext } from './context.ts';
import { inHome } from './home.ts';
import { withFs } from './replaced-fs.ts';

const isRoot = process.geteuid?.() === 0;
/** The user of the tests of directories; root can test as another user. */
export const me = isRoot ? 4242 : (process.geteuid?.() ?? 0);
export const other = 1717;
/** The context of that user. */
export const mine = testContext({ uid: me });

/** Calls `use` with a temporary directory of that user. */
export function inFolder(use: (folder: string) => void): Promise<void> {
  return inHome(({ folder }) => {
    give(folder, me);
    use(folder);
  });
}

export function give(file: string, uid: number): void {
  if (isRoot) fs.lchownSync(file, uid, uid);
}

/** Creates a directory of that user. */
export function make(...parts: readonly string[]): string {
  const directory = path.join(...parts);
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  give(directory, me);
  return directory;
}

/** Creates a symlink; returns its path. */
export function link(target: string, at: string, uid = me): string {
  fs.symlinkSync(target, at);
  give(at, uid);
  return at;
}

/** Pretends that `owner` owns everything. */
export function withOwner<T>(owner: number, use: () => T): T {
  const { lstatSync, statSync } = fs;
  const owned = (stat: fs.Stats | undefined) => stat && Object.assign(stat, { uid: owner });
  return withFs(
    {
      lstatSync: (file: string, options?: object) => owned(lstatSync(file, options)),
      statSync: (file: string, options?: object) => owned(statSync(file, options)),
    },
    use,
  );
}
