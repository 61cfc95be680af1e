import fs from 'node:fs';

/**
 * The fields of /proc/PID/stat after the program's name, which may contain anything: state, parent, … See proc(5).
 * Throws if the process or the process table does not exist.
 */
export function processStat(pid: number | 'self', proc = '/proc'): readonly string[] {
  const text = fs.readFileSync(`${proc}/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
