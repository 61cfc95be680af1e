import fs from 'node:fs';
import { isObject } from '../json-object.ts';
import { processStat } from '../process-stat.ts';

/** A process, told apart from a later one that the system gives the same number. */
export interface Holder {
  /** Process numbers mean something only here: this start of the machine, this process namespace. */
  readonly place: string;
  readonly pid: number;
  /** When it started, in the kernel's ticks. */
  readonly started: string;
}

/** What a look at the process table says. `unknown` where there is none, or it is not the holder's. */
export type Health = 'running' | 'dead' | 'unknown';

/** This process, for others to look at; only Linux shows what they would need. */
export function thisHolder(): Holder | undefined {
  try {
    // The kernel's number: in another process namespace it is not that of `process.pid`.
    const pid = Number.parseInt(fs.readFileSync('/proc/self/stat', 'utf8'), 10);
    const { started } = readProcess(pid);
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const place = `${boot} ${fs.readlinkSync('/proc/self/ns/pid')}`;
    return { place, pid, started };
  } catch {
    return undefined;
  }
}

export function healthOf(holder: unknown, here: Holder | undefined): Health {
  if (here === undefined || !isHolder(holder) || holder.place !== here.place) return 'unknown';
  try {
    const { state, started } = readProcess(holder.pid);
    if (started !== holder.started || 'ZXx'.includes(state)) return 'dead';
    // A stopped process (T, t) may go on in a second or next week.
    return 'RSDI'.includes(state) ? 'running' : 'unknown';
  } catch {
    return 'dead';
  }
}

function readProcess(pid: number): { state: string; started: string } {
  const fields = processStat(pid);
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
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
