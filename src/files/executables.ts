import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { isAccessible, statOf } from './file-facts.ts';

type Environment = Pick<Context, 'env' | 'platform'>;

/**
 * Returns the absolute directories of `PATH`, each once. A relative one could run a program of the repository that is being
 * built; Docker ignores those as well.
 */
export function pathFolders({ env, platform }: Environment): string[] {
  const folders = (env.PATH ?? env.Path ?? '').split(platform === 'win32' ? ';' : ':');
  return [...new Set(folders.filter((folder) => path.isAbsolute(folder)))];
}

/** Returns the paths at which clients look for a program. */
export function programPaths(context: Environment, name: string): string[] {
  const names = context.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  return pathFolders(context).flatMap((folder) => names.map((each) => path.join(folder, each)));
}

/** Returns the first program that this process can start. On Windows only an `.exe` starts without a shell. */
export function findProgram(context: Environment, name: string): string | undefined {
  const isStartable = (file: string) => context.platform !== 'win32' || file.endsWith('.exe');
  return programPaths(context, name).filter(isStartable).find(isExecutable);
}

/** Returns true if a client finds the program; on Windows clients also start a `.cmd` file. */
export function isOnPath(context: Environment, name: string): boolean {
  return programPaths(context, name).some(isExecutable);
}

/** Returns true if this process can start one of the programs. */
export function hasProgram(context: Environment, ...names: readonly string[]): boolean {
  return names.some((name) => findProgram(context, name) !== undefined);
}

/** Returns true for a regular file that this user may execute. */
export function isExecutable(file: string): boolean {
  return isAccessible(file, fs.constants.X_OK) && statOf(file)?.isFile() === true;
}
