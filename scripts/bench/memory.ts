import { dlopen } from 'bun:ffi';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Program } from './program.ts';

/**
 * Returns the peak memory of a program in KiB: `ru_maxrss` of wait4(2). Returns undefined except on Linux. The kernel
 * passes the peak of a parent to its children, and Bun's is larger than the helper's: so a shell starts the program and
 * exits, and this process waits for the orphan.
 */
export function peakMemory(program: Program): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const { prctl, wait4 } = libc();
  prctl(becomeReaper, 1, 0, 0, 0);
  const status = new Int32Array(1);
  const usage = new BigInt64Array(18);
  // A slow shell may have waited for the program itself: try again.
  for (let attempt = 0; attempt < 20; attempt++) {
    const pid = startByShell(program);
    if (wait4(pid, status, 0, usage) === pid) return Number(usage[maxrss]);
  }
  throw new Error(`${program.name}: no memory was measured`);
}

/** `PR_SET_CHILD_SUBREAPER` of prctl(2). */
const becomeReaper = 36;
/** The index of `ru_maxrss` in 64-bit words, after two `timeval`s. */
const maxrss = 4;

function libc() {
  return dlopen('libc.so.6', {
    prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' },
    wait4: { args: ['i32', 'ptr', 'i32', 'ptr'], returns: 'i32' },
  }).symbols;
}

function startByShell({ file, args, env, input }: Program): number {
  const script = 'exec 3<"$1"; shift; "$@" <&3 3<&- >/dev/null 2>&1 & echo $!';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-bench-'));
  try {
    const inputFile = path.join(folder, 'input');
    fs.writeFileSync(inputFile, input);
    const words = ['-c', script, 'sh', inputFile, file, ...args];
    return Number(execFileSync('/bin/sh', words, { env, encoding: 'utf8' }));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
