import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { root } from '../../scripts/package/stamp.ts';

export const { version } = manifest;
export const releaseFolder = path.join(root, 'dist', 'release');

/** Returns the matching files of the built release. Without a file of a type, its tests are skipped. */
export function releaseFiles(pattern: RegExp): string[] {
  return fs
    .readdirSync(releaseFolder)
    .filter((name) => pattern.test(name))
    .sort();
}

export function isInstalled(tool: string): boolean {
  return spawnSync(tool, ['--version']).error === undefined;
}

export function run(command: string, words: readonly string[], cwd = releaseFolder): string {
  return execFileSync(command, words, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });
}

/** Calls `use` with a temporary directory. */
export async function inScratch<Value>(
  use: (folder: string) => Value | Promise<Value>,
): Promise<Value> {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'release-')));
  try {
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
