import fs from 'node:fs';

/** Follows symlinks. Returns undefined if the file does not exist or cannot be examined. */
export function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

/** Does not follow a symlink. Returns undefined if the file does not exist or cannot be examined. */
export function lstatOf(file: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(file);
  } catch {
    return undefined;
  }
}

/** Returns the path without symlinks; undefined if the file does not exist or cannot be examined. */
export function realPath(file: string): string | undefined {
  try {
    return fs.realpathSync(file);
  } catch {
    return undefined;
  }
}

/** `rights` are `fs.constants.R_OK`, `W_OK` and `X_OK`. False if the file does not exist. */
export function isAccessible(file: string, rights: number): boolean {
  try {
    fs.accessSync(file, rights);
    return true;
  } catch {
    return false;
  }
}
