import { execFileSync } from 'node:child_process';
import path from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

export const root = path.resolve(import.meta.dirname, '../..');

/** The version and origin of the build, used in all files of a release. */
export interface Stamp {
  readonly version: string;
  /** The full hash, with the suffix `-dirty` if files differ from the commit. */
  readonly commit: string;
  /** `SOURCE_DATE_EPOCH`, otherwise the time of the commit; in seconds since 1970. */
  readonly epoch: number;
}

/** Reads the stamp from package.json and git. Throws outside a git repository, because the release needs a commit. */
export function readStamp(env: NodeJS.ProcessEnv = process.env): Stamp {
  const epoch = Number(env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct'));
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new Error(`SOURCE_DATE_EPOCH is not a number of seconds: ${env.SOURCE_DATE_EPOCH}`);
  }
  const dirty = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '-dirty';
  return { version: manifest.version, commit: git('rev-parse', 'HEAD') + dirty, epoch };
}

function git(...words: readonly string[]): string {
  return execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
}
