import fs from 'node:fs';
import { isObject } from '../json-object.ts';
import { processStat } from '../process-tree.ts';

/** Identifies a process, also after its process ID was reused. */
export interface Holder {
  /** The boot ID and the PID namespace in which `pid` is valid. */
  readonly place: string;
  readonly pid: number;
  /** The start time in clock ticks since boot. */
  readonly started: string;
}

/** `unknown` if `/proc` does not exist, or the process belongs to another boot or PID namespace. */
type Health = 'running' | 'dead' | 'unknown';

/** Returns this process; undefined on systems other than Linux. */
export function thisHolder(): Holder | undefined {
  try {
    // Not `process.pid`, which differs if /proc belongs to another PID namespace.
    const { pid, started } = processStat('self');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const place = `${boot} ${fs.readlinkSync('/proc/self/ns/pid')}`;
    return { place, pid, started };
  } catch {
    return undefined;
  }
}

/** Returns the health of `holder`, as seen from the process `self`. */
export function healthOf(holder: unknown, self: Holder | undefined): Health {
  if (self === undefined || !isHolder(holder) || holder.place !== self.place) return 'unknown';
  try {
    const { state, started } = processStat(holder.pid);
    if (started !== holder.started || 'ZXx'.includes(state)) return 'dead';
    // A stopped process (T, t) may be continued at any time, or never.
    return 'RSDI'.includes(state) ? 'running' : 'unknown';
  } catch {
    return 'dead';
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    isObject(value) &&
    'place' in value &&
    'started' in value &&
    'pid' in value &&
    Number.isInteger(value.pid)
  );
}
