import fs from 'node:fs';
import os from 'node:os';
import type { Context } from '../../context.ts';

/** Facts from the system; tests pass their own. */
export interface Machine {
  /** The effective user; undefined on Windows. */
  readonly uid: number | undefined;
  /** The release of the kernel; in WSL it contains "microsoft". */
  readonly kernel: string;
  /** True if user IDs are mapped, as in rootless containers. */
  readonly inUserNamespace: boolean;
}

export function thisMachine({ uid }: Context): Machine {
  return { uid, kernel: os.release(), inUserNamespace: isMapped() };
}

export function isWsl({ kernel }: Machine): boolean {
  return kernel.toLowerCase().includes('microsoft');
}

/** Outside a user namespace, all IDs map to themselves: `0 0 4294967295`. */
function isMapped(): boolean {
  try {
    const [first = ''] = fs.readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
    return first !== '' && first.trim().split(/\s+/).join(' ') !== '0 0 4294967295';
  } catch {
    // The file exists on Linux only.
    return false;
  }
}
