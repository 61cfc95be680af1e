import { execFileSync } from 'node:child_process';
import path from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

export const root = path.resolve(import.meta.dirname, '../..');

/** What is built, said once: every file of a release has it from here. */
export interface Stamp {
  readonly version: string;
  /** The whole hash; with `-dirty` behind it where files differ from the commit. */
  readonly commit: string;
  /** Seconds since 1970: `SOURCE_DATE_EPOCH`, else when the commit was made. */
  readonly epoch: number;
}

/** Throws outside a git repository: nobody could say what such a release was made from. */
export function readStamp(env: NodeJS.ProcessEnv = process.env): Stamp {
  const epoch = Number(env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct'));
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new Error(`SOURCE_DATE_EPOCH is no number of seconds: ${env.SOURCE_DATE_EPOCH}`);
  }
  const dirty = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '-dirty';
  return { version: manifest.version, commit: git('rev-parse', 'HEAD') + dirty, epoch };
}

function git(...words: readonly string[]): string {
  return execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
}
