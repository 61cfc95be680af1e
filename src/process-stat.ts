import fs from 'node:fs';

/** A process, from /proc/PID/stat; see proc(5). */
export interface ProcessStat {
  readonly pid: number;
  /** One letter: `R` for running, `T` for stopped, `Z` for a zombie. */
  readonly state: string;
  readonly parentPid: number;
  /** The start time in clock ticks since boot. */
  readonly started: string;
}

/** Throws the system's error if the process or `/proc` does not exist. */
export function processStat(process: number | 'self', proc = '/proc'): ProcessStat {
  const text = fs.readFileSync(`${proc}/${process}/stat`, 'utf8');
  // The second field, the program's name, may contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    started: fields[19] ?? '',
  };
}
