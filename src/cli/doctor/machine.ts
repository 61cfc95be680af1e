import fs from 'node:fs';
import os from 'node:os';
import type { Context } from '../../context.ts';

/** What the system says of itself; tests pass their own. */
export interface Machine {
  /** The user's number; `undefined` where the system has none. */
  readonly uid: number | undefined;
  /** The kernel's release: WSL's has "microsoft" in it. */
  readonly kernel: string;
  /** Whether user 0 here is somebody else outside: rootless containers. */
  readonly inUserNamespace: boolean;
}

export function thisMachine({ platform }: Context): Machine {
  return {
    uid: platform === 'win32' ? undefined : ownUid(),
    kernel: os.release(),
    inUserNamespace: isMapped(textOf('/proc/self/uid_map')),
  };
}

/** A number without a name, as containers have it, makes `os.userInfo` throw. */
function ownUid(): number | undefined {
  try {
    return fs.statSync('/proc/self', { throwIfNoEntry: false })?.uid ?? os.userInfo().uid;
  } catch {
    return undefined;
  }
}

/** Outside any user namespace all numbers stand for themselves: `0 0 4294967295`. */
function isMapped(uidMap: string): boolean {
  return uidMap.trim() !== '' && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // Another system than Linux.
    return '';
  }
}
