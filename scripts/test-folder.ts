import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Linux' f_type of a file system in memory. */
const tmpfs = 0x01021994;
/** Two files at once take a quarter of a GiB at most; a machine with more processors runs more. */
const minFreeBytes = 2 * 1024 ** 3;

/**
 * Makes the directory in which the tests make theirs. It is in TEST_TMPDIR if that is set, else in memory if that
 * works: the helper syncs each file that it writes, and a disk takes most of a test's time for that.
 */
export function makeTestFolder(): string {
  const parent = process.env.TEST_TMPDIR || (isInMemory('/dev/shm') ? '/dev/shm' : os.tmpdir());
  const folder = fs.mkdtempSync(path.join(parent, 'icr-'));
  // Some tests drop root's privileges, and open up only the directory they made.
  fs.chmodSync(folder, 0o711);
  return folder;
}

/** Returns false if there is no tmpfs with enough space, from which programs can be started, at `folder`. */
function isInMemory(folder: string): boolean {
  try {
    const { type, bavail, bsize } = fs.statfsSync(folder);
    return type === tmpfs && bavail * bsize >= minFreeBytes && canStartFrom(folder);
  } catch {
    return false;
  }
}

/** A mount with `noexec` refuses to start a program. */
function canStartFrom(parent: string): boolean {
  const folder = fs.mkdtempSync(path.join(parent, 'icr-'));
  try {
    const program = path.join(folder, 'program');
    fs.writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
    return spawnSync(program).status === 0;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
