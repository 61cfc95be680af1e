import os from 'node:os';
import path from 'node:path';

/**
 * The test files that take longest, the longest first: if one of them started last, the other processors
 * would be idle.
 */
export const longest: readonly string[] = [
  'key-races',
  'store-move',
  'api-key-rotate',
  'leak-canary',
  'doctor-clients',
  'explain',
  'api-key-copies-killed',
  'doctor-file-fixes',
  'doctor-identities',
  'planted-files',
  'kubelet-fleet',
  'store-failures',
  'iam-network',
  'doctor-registry',
  'doctor-network',
  'token-faults',
];

/** The number of test files that run in parallel: a file waits for a third of its time, for timeouts and retries. */
export const parallelFiles: number = 2 * os.availableParallelism();

/**
 * Returns the files that match one of the words in `wanted`, each a part of a path or a glob. Without a word, returns
 * all files.
 */
export function chooseFiles(files: readonly string[], wanted: string): string[] {
  const words = wanted.split(/\s+/).filter((word) => word !== '');
  return files.filter((file) => words.length === 0 || words.some((word) => matches(file, word)));
}

function matches(file: string, word: string): boolean {
  if (file.includes(path.posix.normalize(word))) return true;
  return [file, path.basename(file)].some((name) => path.matchesGlob(name, word));
}

/** Moves the longest test files to the front, and keeps the order of the others. */
export function longestFirst(files: readonly string[]): string[] {
  return files.toSorted((a, b) => rank(a) - rank(b));
}

function rank(file: string): number {
  const index = longest.indexOf(path.basename(file, '.test.ts'));
  return index < 0 ? longest.length : index;
}
