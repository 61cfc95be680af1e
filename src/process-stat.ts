import fs from 'node:fs';

/**
 * Returns the fields of /proc/PID/stat from the third on: state, parent's process ID and so on, see proc(5). The second
 * field, the program's name, may contain spaces and parentheses. Throws the system's error if the process or `/proc` does
 * not exist.
 */
export function processStat(pid: number | 'self', proc = '/proc'): readonly string[] {
  const text = fs.readFileSync(`${proc}/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
