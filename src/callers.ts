import fs from 'node:fs';
import { processStat } from './process-stat.ts';

/** With which clients, and helpers of ours, call. */
const verbs = ['get', 'store', 'erase', 'list'];
/** More than any shell, client and helper make; a ring is found at its second round. */
const mostCallers = 100;

/**
 * Whether this program answers one of the protocol's verbs in a process above this one: then a helper that it called
 * has called it. Only Linux shows that; elsewhere it is never so. `script` is what an interpreter runs, if one runs
 * this program; `proc` is where the process table is.
 */
export function isCalledByItself(script?: string, proc = '/proc'): boolean {
  try {
    const own = fs.readlinkSync(`${proc}/self/exe`);
    let pid = parentOf(proc, 'self');
    for (let above = 0; above < mostCallers && pid > 0; above += 1) {
      if (isAnswering(`${proc}/${pid}`, own, script)) return true;
      pid = parentOf(proc, pid);
    }
  } catch {
    // There is no process table, or somebody above has ended.
  }
  return false;
}

function parentOf(proc: string, pid: number | 'self'): number {
  return Number(processStat(pid, proc)[1]);
}

/** A client gives a verb and nothing else; below `exec` there are clients that may well ask. */
function isAnswering(folder: string, own: string, script: string | undefined): boolean {
  if (programOf(folder) !== own) return false;
  const [, ...words] = fs.readFileSync(`${folder}/cmdline`, 'utf8').split('\0').slice(0, -1);
  if (words.length === 2 && script !== undefined && isSameFile(String(words[0]), script))
    words.shift();
  return words.length === 1 && verbs.some((verb) => verb === words[0]);
}

function isSameFile(one: string, other: string): boolean {
  try {
    return fs.realpathSync(one) === fs.realpathSync(other);
  } catch {
    return false;
  }
}

/** `undefined` for another user's, into which nobody may look. */
function programOf(folder: string): string | undefined {
  try {
    return fs.readlinkSync(`${folder}/exe`);
  } catch {
    return undefined;
  }
}
