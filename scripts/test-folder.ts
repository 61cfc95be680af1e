import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The file system type of tmpfs in Linux' `statfs`. */
const tmpfs = 0x01021994;
/** Four parallel test files use up to 512 MiB; machines with more processors run more files in parallel. */
const minFreeBytes = 2 * 1024 ** 3;

/**
 * Creates the parent directory of all temporary directories of the tests. It is in TEST_TMPDIR if that is set,
 * otherwise on a tmpfs if possible: the helper syncs each file that it writes, and on a disk this takes most of a
 * test's time.
 */
export function makeTestFolder(): string {
  const parent = process.env.TEST_TMPDIR || (isInMemory('/dev/shm') ? '/dev/shm' : os.tmpdir());
  const folder = fs.mkdtempSync(path.join(parent, 'icr-'));
  // Some tests drop root privileges; they must be able to enter this directory.
  fs.chmodSync(folder, 0o711);
  return folder;
}

/** Returns true if `folder` is on a tmpfs that has enough free space and allows execution. */
function isInMemory(folder: string): boolean {
  try {
    const { type, bavail, bsize } = fs.statfsSync(folder);
    return type === tmpfs && bavail * bsize >= minFreeBytes && canStartFrom(folder);
  } catch {
    return false;
  }
}

/** Returns false if the file system is mounted with `noexec`. */
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
