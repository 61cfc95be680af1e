import { spawnSync } from 'node:child_process';

/** Returns the path of a program on `PATH`, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  const words = ['-c', 'command -v "$1"', 'sh', name];
  const { stdout, status } = spawnSync('/bin/sh', words, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
